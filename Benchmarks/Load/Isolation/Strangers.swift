/// The connections of a hostile client, on one thread and one poller, and what it has done with them.
import Foundation
import Primitives
import Transport

final class Strangers {
    let port: UInt16
    /// How many topics the gateway was filled with (`TopicField`).
    let topicCount: Int
    /// When the present step has to be over.
    var end = Instant.never
    /// What has come on all connections so far.
    private(set) var sum = Stranger.Tally()
    /// What was done, in the order in which it was first counted.
    private(set) var deeds: [Deed] = []

    struct Deed: Codable, Sendable {
        var what: String
        var count: Int
    }

    private var poller: Poller
    private var ready: [Poller.Event] = []
    private var members: [Stranger?] = []
    private var freeTokens: [UInt32] = []
    private var interests: [Poller.Interest] = []
    private var connectionCount = 0
    private let space: UnsafeMutableBufferPointer<UInt8>

    private static let readByteCount = 256 * 1024
    /// So many connections from one address to one port.
    private static let connectionsAnAddress = 20_000

    init(port: UInt16, topicCount: Int) throws {
        self.port = port
        self.topicCount = topicCount
        poller = try Poller()
        space = .allocate(capacity: Self.readByteCount)
    }

    deinit {
        leaveAll()
        space.deallocate()
    }

    var goesOn: Bool { Instant.now() < end }

    func count(_ what: String, _ count: Int = 1) {
        let place = deeds.firstIndex { $0.what == what } ?? deeds.count
        if place == deeds.count { deeds.append(Deed(what: what, count: 0)) }
        deeds[place].count += count
    }

    // MARK: Coming and going

    /// Connects, and sends `opening`.
    func connect(_ opening: [UInt8] = []) throws -> Stranger {
        let source = UInt32(2 + connectionCount / Self.connectionsAnAddress % 200)
        connectionCount += 1
        let socket = try BenchSocket.open(to: port, source: source)
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        let token = freeTokens.popLast() ?? UInt32(members.count)
        let stranger = Stranger(socket: socket, token: token, opening: opening)
        if Int(token) == members.count {
            members.append(stranger)
            interests.append(.read)
        } else {
            members[Int(token)] = stranger
            interests[Int(token)] = .read
        }
        try poller.add(socket, token: token, .read)
        send(opening, on: stranger)
        return stranger
    }

    func connect(_ count: Int, _ opening: [UInt8] = []) throws -> [Stranger] {
        try (0..<count).map { _ in try connect(opening) }
    }

    /// WebSockets without a subscription, once all of them are welcome or refused.
    func webSockets(_ count: Int) throws -> [Stranger] {
        let crowd = try connect(count, HTTPText.upgrade("/ws"))
        // The answer to the upgrade, and the welcome.
        try pump { crowd.allSatisfy { $0.tally.answers == 2 || $0.isRefused } }
        return crowd
    }

    /// Readers of the topics, once all of them are live or refused.
    func readers(_ count: Int, of topics: String) throws -> [Stranger] {
        let readers = try connect(count, HTTPText.upgrade("/ws?topics=\(topics)"))
        try pump { readers.allSatisfy { $0.isLive || $0.isRefused } }
        return readers
    }

    /// Puts a new connection, opened alike, in the place of each that the gateway has closed.
    func renewClosed(_ crowd: inout [Stranger]) throws {
        for place in crowd.indices { try renewIfClosed(&crowd[place]) }
    }

    private func renewIfClosed(_ stranger: inout Stranger) throws {
        guard !stranger.isOpen else { return }
        count("connections closed by the gateway")
        let isDeaf = stranger.isDeaf
        stranger = try connect(stranger.opening)
        setDeaf(stranger, isDeaf)
    }

    func leave(_ stranger: Stranger) {
        guard stranger.isOpen else { return }
        stranger.leave()
        members[Int(stranger.token)] = nil
        freeTokens.append(stranger.token)
    }

    func leaveAll() {
        for case let stranger? in members { leave(stranger) }
    }

    // MARK: Talking

    func send(_ bytes: [UInt8], on stranger: Stranger) {
        stranger.send(bytes)
        watch(stranger)
    }

    func send(message: String, on stranger: Stranger) {
        stranger.send(message: message)
        watch(stranger)
    }

    /// Lets a stranger read, or no more.
    func setDeaf(_ stranger: Stranger, _ isDeaf: Bool) {
        stranger.isDeaf = isDeaf
        watch(stranger)
    }

    /// Sends and waits for `count` answers. False if the time was over first, or the gateway closed the connection; the next
    /// question is then asked on another.
    @discardableResult
    func ask(_ bytes: [UInt8], on stranger: inout Stranger, answers count: Int = 1) throws -> Bool {
        try renewIfClosed(&stranger)
        let stranger = stranger
        let wanted = stranger.tally.answers + count
        send(bytes, on: stranger)
        try pump { stranger.tally.answers >= wanted || !stranger.isOpen }
        return stranger.tally.answers >= wanted
    }

    /// Sends `piece` on each whenever it has room, until the time is over; those that the gateway closes are replaced.
    func flood(_ crowd: [Stranger], with piece: () -> [UInt8]) throws {
        var crowd = crowd
        while goesOn {
            try renewClosed(&crowd)
            for stranger in crowd where !stranger.hasUnsent { send(piece(), on: stranger) }
            try step()
        }
    }

    /// Reads and writes until `isDone`. False if the time was over first.
    @discardableResult func pump(until isDone: () -> Bool) throws -> Bool {
        while !isDone() {
            guard goesOn else { return false }
            try step(atMost: .milliseconds(20))
        }
        return true
    }

    /// Reads and writes for so long, or until the time is over.
    func pump(for time: Duration) throws {
        let pause = min(Instant.now() + time, end)
        while Instant.now() < pause { try step() }
    }

    /// Reads and writes until nothing has come for a while.
    func pumpUntilQuiet() throws {
        var before = -1
        while before < sum.byteCount, goesOn {
            before = sum.byteCount
            try pump(for: .milliseconds(300))
        }
    }

    /// What the kernel has ready, once.
    func step(atMost wait: Duration = .milliseconds(1)) throws {
        try poller.wait(timeout: wait, into: &ready)
        for event in ready {
            guard let stranger = members[Int(event.token)] else { continue }
            if event.isWritable { stranger.sendUnsent() }
            if event.isReadable, !stranger.isDeaf || event.isHungUp { read(stranger) }
            watch(stranger)
        }
    }

    private func read(_ stranger: Stranger) {
        let count = recv(stranger.socket, space.baseAddress, space.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            leave(stranger)
            return
        }
        stranger.take(UnsafeBufferPointer(rebasing: space[..<count]), sum: &sum)
    }

    /// Tells the poller what the stranger waits for, if that is new.
    private func watch(_ stranger: Stranger) {
        guard stranger.isOpen else { return }
        var interest: Poller.Interest = stranger.isDeaf ? [] : .read
        if stranger.hasUnsent { interest.insert(.write) }
        let place = Int(stranger.token)
        guard interests[place] != interest else { return }
        interests[place] = interest
        try? poller.change(stranger.socket, token: stranger.token, interest)
    }
}
