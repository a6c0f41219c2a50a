/// What a loop asks of the machine, without a machine: readiness by interest, listeners with a backlog, and every liberty
/// that a real kernel may take.
import Primitives
import Synchronization
import Transport

/// What others wake a loop with, as an eventfd: it stays up until the loop's kernel takes it down. Any thread.
final class WakeFlag: Sendable {
    private let isUp = Atomic<Bool>(false)

    func raise() { isUp.store(true, ordering: .releasing) }
    func lower() { isUp.store(false, ordering: .relaxed) }
    var isRaised: Bool { isUp.load(ordering: .acquiring) }
}

/// Level-triggered: what was not read is told again.
final class SimulatedKernel: Kernel {
    /// A ready stream may be left out of a wait, but not more often than this in a row.
    private static let patience = 2

    let clock: Clock
    let wake = WakeFlag()
    private var random: SeededGenerator
    private var watched: [Link?] = []
    private var backlogs: [[Link]]
    /// The listeners of which it does not tell.
    private var quiet: Set<Int> = []
    private var isListening = true
    /// Whether no descriptor is to be had.
    var isExhausted = false
    /// Whether it leaves out, shuffles and makes up events, and refuses to watch now and then.
    private let isWhimsical: Bool

    init(_ clock: Clock, listenerCount: Int, isWhimsical: Bool, _ random: SeededGenerator) {
        self.clock = clock
        self.random = random
        self.isWhimsical = isWhimsical
        backlogs = Array(repeating: [], count: listenerCount)
    }

    /// A client connects.
    func connect(_ link: Link) {
        guard isListening else {
            link.blameKernel()
            return link.breakOff()
        }
        backlogs[random.below(backlogs.count)].append(link)
    }

    var isAcceptingClients: Bool { isListening }
    var watchedCount: Int { watched.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }
    var backlogCount: Int { backlogs.reduce(0) { $0 + $1.count } }

    /// Whether a wait would return at once.
    var isReady: Bool {
        if wake.isRaised || backlogs.indices.contains(where: { tells(ofListener: $0) }) { return true }
        for link in watched where link?.isTold ?? false { return true }
        return false
    }

    /// Never blocks: the world asks only when there is something to tell, or the time is up.
    func wait(timeout: Duration?, into ready: inout [Poller.Event]) throws(SystemFailure) {
        ready.removeAll(keepingCapacity: true)
        wake.lower()
        for number in backlogs.indices where tells(ofListener: number) {
            ready.append(Poller.Event(listener: number))
        }
        for (token, link) in watched.enumerated() {
            guard let link else { continue }
            if let event = event(of: link, UInt32(token)) { ready.append(event) }
        }
        if isWhimsical { ready.shuffle(using: &random) }
    }

    private func event(of link: Link, _ token: UInt32) -> Poller.Event? {
        guard link.isTold else {
            guard isWhimsical, link.interest.contains(.read), random.chance(oneIn: 200) else { return nil }
            return Poller.Event(token: token, isReadable: true, isWritable: false, isHungUp: false)
        }
        if isWhimsical, link.skippedCount < Self.patience, random.chance(15) {
            link.skippedCount += 1
            return nil
        }
        link.skippedCount = 0
        let event = Poller.Event(
            token: token, isReadable: link.isHungUp || link.interest.contains(.read) && link.isReadable,
            isWritable: link.isHungUp || link.interest.contains(.write) && link.isWritable,
            isHungUp: link.isHungUp)
        link.tell(event)
        return event
    }

    // MARK: Watching

    func watch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    {
        guard let link = Self.link(of: stream) else { return }
        try refuse(link)
        while watched.count <= Int(token) { watched.append(nil) }
        precondition(watched[Int(token)] == nil, "a token was given twice")
        watched[Int(token)] = link
        link.token = token
        link.interest = interest
    }

    func rewatch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    {
        guard let link = Self.link(of: stream) else { return }
        try refuse(link)
        precondition(watched[Int(token)] === link, "another stream is watched under this token")
        link.interest = interest
    }

    func unwatch(_ stream: borrowing ByteStream) {
        guard let link = Self.link(of: stream), let token = link.token else { return }
        watched[Int(token)] = nil
        link.token = nil
    }

    private func refuse(_ link: Link) throws(SystemFailure) {
        guard isWhimsical, link.traits.mayBreak, random.chance(oneIn: 2000) else { return }
        link.blameKernel()
        throw SystemFailure("epoll_ctl", 12)
    }

    private static func link(of stream: borrowing ByteStream) -> Link? {
        (stream.layered as? SimulatedStream)?.link
    }

    // MARK: Listening

    func open(_ listener: consuming Listener, as number: Int) throws(SystemFailure) {
        preconditionFailure("a simulated gateway listens where it did at its start")
    }

    func close(listener: Int) {
        preconditionFailure("a simulated gateway listens where it did at its start")
    }

    func accept(from listener: Int) -> Listener.Acceptance {
        if isExhausted { return .exhausted(SystemFailure("accept4", 24)) }
        guard !backlogs[listener].isEmpty else { return .none }
        let link = backlogs[listener].removeFirst()
        link.accepted()
        return .connection(ByteStream(SimulatedStream(link)))
    }

    func turnAway(from listener: Int, with answer: Span<UInt8>) -> Listener.Farewell {
        guard !backlogs[listener].isEmpty else { return .nobodyWaits }
        if isWhimsical, random.chance(10) { return .impossible }
        backlogs[listener].removeFirst().turnAway(with: answer)
        return .turnedAway
    }

    func tell(ofListener listener: Int, _ isWanted: Bool) throws(SystemFailure) {
        if isWanted { quiet.remove(listener) } else { quiet.insert(listener) }
    }

    private func tells(ofListener listener: Int) -> Bool {
        !quiet.contains(listener) && !backlogs[listener].isEmpty
    }

    func closeListeners() {
        isListening = false
        for link in backlogs.joined() {
            link.blameKernel()
            link.breakOff()
        }
        for number in backlogs.indices { backlogs[number] = [] }
    }
}
