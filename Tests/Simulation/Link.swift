/// One connection as both ends and the kernel between them see it: a bounded pipe each way.
import Primitives
import Transport

final class Link {
    /// What kind of network and of peer it is.
    struct Traits {
        /// What the kernel takes for a client that does not read.
        var outboundLimit = 64 * 1024
        /// A buffer is writable again when so much of it is free.
        var lowWater = 1
        /// The stream takes in more than it hands out, as TLS does, and no poller tells of the rest.
        var isLayered = false
        /// Takes and gives all at once and in the same time: what it carries may differ from run to run.
        var isSmooth = false
        /// Writes may fail in the middle of a turn.
        var mayBreak = false
        /// A read may wait until the stream can be written, and the other way round, as in TLS.
        var crossesInterest = false
        /// What comes before the first byte.
        var handshakeSteps = 0
    }

    /// Bytes that the gateway wanted to send: when it first did so, and in which turn.
    struct Offer {
        let end: Int
        let time: Instant
        let turnStart: Instant
    }

    let name: String
    let traits: Traits
    let time: SimulatedTime
    private var random: SeededGenerator

    // Towards the gateway.
    private(set) var inbound = ByteBuffer()
    /// What the stream took from the kernel and has not handed out.
    private var held = ByteBuffer()
    private(set) var isInboundEnded = false
    // Towards the client.
    private(set) var outbound = ByteBuffer()
    private(set) var isOutboundEnded = false

    /// The connection broke, at whichever end.
    private(set) var isReset = false
    /// The client closed its end: what it is sent now is answered with a reset.
    private(set) var isPeerGone = false
    private(set) var isGatewayClosed = false
    /// Whether the kernel or the network, and not the gateway, is why it ended.
    private(set) var isUnlucky = false

    /// Whether it was told that no connection is to be had, whatever it asked.
    private(set) var isTurnedAway = false

    // The kernel's view.
    var loop = 0
    var token: UInt32?
    var interest: Poller.Interest = []
    /// How often in a row the kernel kept silent of it though it was ready.
    var skippedCount = 0
    private var handshakeSteps: Int
    /// The client says nothing that would end the handshake.
    private var isHandshakeStuck = false

    // What it has seen.
    private(set) var acceptedAt: Instant?
    private(set) var readCount = 0
    private(set) var writtenCount = 0
    private(set) var offers: [Offer] = []
    private var firstOffer = 0
    private(set) var lastRead: Instant
    private(set) var lastWritten: Instant
    private(set) var lastTaken: Instant
    /// Since when the gateway has had no room to write; `never` as long as it has.
    private(set) var fullSince = Instant.never

    init(_ name: String, _ traits: Traits, _ time: SimulatedTime, _ random: SeededGenerator) {
        self.name = name
        self.traits = traits
        self.time = time
        self.random = random
        handshakeSteps = traits.handshakeSteps
        lastRead = time.now
        lastWritten = time.now
        lastTaken = time.now
    }

    // MARK: Readiness

    var hasInput: Bool { !inbound.isEmpty }
    var hasRoom: Bool { outbound.count + traits.lowWater <= traits.outboundLimit }
    var isHungUp: Bool { isReset || isInboundEnded && isOutboundEnded }
    var isReadable: Bool { hasInput || isInboundEnded || isHungUp || isAwaited(.read) }
    var isWritable: Bool { hasRoom || isHungUp || isAwaited(.write) }

    /// What the layer waits for on its own account before it goes on, such as a record of its peer's. It comes in any
    /// case, but not before the kernel has told of it: who was told of something else is told to wait once more.
    private struct Wait {
        private(set) var interest: Poller.Interest = []
        private var isTold = false

        var goesOn: Bool { interest.isEmpty || isTold }

        mutating func begin(_ awaited: Poller.Interest) { (interest, isTold) = (awaited, false) }
        mutating func end() { begin([]) }
        mutating func told(_ ready: Poller.Interest) {
            if !interest.isDisjoint(with: ready) { isTold = true }
        }
    }

    private var reading = Wait()
    private var writing = Wait()

    private func isAwaited(_ interest: Poller.Interest) -> Bool {
        reading.interest.contains(interest) || writing.interest.contains(interest)
    }

    /// The kernel tells of it.
    func tell(_ event: Poller.Event) {
        var ready: Poller.Interest = []
        if event.isReadable { ready.insert(.read) }
        if event.isWritable { ready.insert(.write) }
        reading.told(ready)
        writing.told(ready)
    }

    /// Whether the kernel has something to tell of it.
    var isTold: Bool {
        isHungUp || interest.contains(.read) && isReadable || interest.contains(.write) && isWritable
    }

    /// Bytes that wait for the gateway to read them, wherever they are.
    var unreadCount: Int { inbound.count + held.count }

    /// For whoever must understand a failure.
    var state: String {
        "read \(readCount), unread \(inbound.count)+\(held.count), written \(writtenCount), waiting \(outbound.count) of "
            + "\(traits.outboundLimit), interest \(interest.rawValue), ended \(isInboundEnded)/\(isOutboundEnded)"
    }

    // MARK: The gateway's end

    func accepted() {
        acceptedAt = time.now
        lastRead = time.now
        lastWritten = time.now
    }

    func handshake() -> ByteStream.HandshakeOutcome {
        if isHandshakeStuck {
            let isOver = isReset || isInboundEnded
            return isOver ? .failed(HandshakeFailure(.closed)) : .blocked(until: .read)
        }
        guard reading.goesOn else { return .blocked(until: reading.interest) }
        reading.end()
        if handshakeSteps > 0 { handshakeSteps -= 1 }
        if handshakeSteps == 0 { return .done }
        reading.begin(random.chance(50) ? .read : .write)
        return .blocked(until: reading.interest)
    }

    func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome {
        if isReset { return .failed(SystemFailure("recv", 104)) }
        guard reading.goesOn else { return .blocked(until: reading.interest) }
        reading.end()
        if traits.crossesInterest, random.chance(5) {
            reading.begin(.write)
            return .blocked(until: .write)
        }
        if held.isEmpty {
            guard !inbound.isEmpty else { return isInboundEnded ? .ended : .blocked(until: .read) }
            if traits.isLayered {
                let taken = random.chance(60) ? inbound.count : 1 + random.below(inbound.count)
                held.append(UnsafeBufferPointer(rebasing: inbound.unsafeBytes[..<taken]))
                inbound.consume(taken)
            }
        }
        let count =
            traits.isLayered ? hand(&held, into: space) : hand(&inbound, into: space)
        readCount += count
        lastRead = time.now
        return .bytes(count, holdsMore: !held.isEmpty)
    }

    private func hand(_ from: inout ByteBuffer, into space: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var count = min(from.count, space.count)
        if !traits.isSmooth, random.chance(20) { count = 1 + random.below(count) }
        let source = UnsafeBufferPointer(rebasing: from.unsafeBytes[..<count])
        _ = space.update(fromContentsOf: source)
        from.consume(count)
        return count
    }

    func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome {
        note(offered: bytes.count)
        defer { pass() }
        if isReset { return .failed(SystemFailure("send", 32)) }
        if traits.mayBreak, random.chance(oneIn: 300) {
            isUnlucky = true
            breakOff()
            return .failed(SystemFailure("send", 104))
        }
        if isPeerGone {
            breakOff()
            return .bytes(bytes.count)
        }
        let room = traits.outboundLimit - outbound.count
        if room <= 0 || !traits.isSmooth && random.chance(4) {
            if fullSince == .never { fullSince = time.now }
            return .blocked(until: .write)
        }
        guard writing.goesOn else { return .blocked(until: writing.interest) }
        writing.end()
        if traits.crossesInterest, random.chance(5) {
            writing.begin(.read)
            return .blocked(until: .read)
        }
        var count = min(bytes.count, room)
        if !traits.isSmooth, random.chance(12) { count = 1 + random.below(count) }
        outbound.append(UnsafeBufferPointer(rebasing: bytes[..<count]))
        writtenCount += count
        lastWritten = time.now
        fullSince = count < bytes.count ? time.now : .never
        return .bytes(count)
    }

    /// A call to the kernel takes its time, now and then a long one.
    private func pass() {
        if traits.isSmooth { return time.advance(nanoseconds: 5000) }
        let isLong = random.chance(4)
        time.advance(nanoseconds: isLong ? random.within(200_000...3_000_000) : random.within(1000...20_000))
    }

    private func note(offered count: Int) {
        let end = writtenCount + count
        if end > offers.last?.end ?? 0 {
            offers.append(Offer(end: end, time: time.now, turnStart: time.turnStart))
        }
    }

    /// The offer that first held the byte before `end`; those before it are forgotten.
    func offer(endingAt end: Int) -> Offer? {
        while firstOffer < offers.count, offers[firstOffer].end < end { firstOffer += 1 }
        if firstOffer > 64 {
            offers.removeFirst(firstOffer)
            firstOffer = 0
        }
        return firstOffer < offers.count ? offers[firstOffer] : nil
    }

    func endWriting() {
        isOutboundEnded = true
    }

    /// The gateway let go of its end.
    func gatewayClosed() {
        isGatewayClosed = true
        isOutboundEnded = true
        token = nil
    }

    func blameKernel() {
        isUnlucky = true
    }

    /// The gateway dies.
    func blameDeath() {
        isUnlucky = true
    }

    /// The gateway is short of memory while it lives.
    func blameMemory() {
        isUnlucky = true
    }

    // MARK: The client's end

    var inboundRoom: Int { 128 * 1024 - inbound.count }

    func deliver(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !isReset, !isGatewayClosed else { return }
        inbound.append(bytes)
    }

    func endInbound() {
        isInboundEnded = true
    }

    /// The client connects and never shakes hands.
    func stickInHandshake() {
        isHandshakeStuck = true
    }

    func take(_ count: Int, into buffer: inout ByteBuffer) {
        buffer.append(UnsafeBufferPointer(rebasing: outbound.unsafeBytes[..<count]))
        outbound.consume(count)
        lastTaken = time.now
    }

    /// The client closes: what it has sent still arrives.
    func closeClient() {
        isInboundEnded = true
        isPeerGone = true
        outbound.removeAll()
    }

    /// The connection breaks: what is under way is lost.
    func breakOff() {
        isReset = true
        inbound.removeAll()
        held.removeAll()
        outbound.removeAll()
    }

    /// A client that the kernel turned away: it gets an answer and the end.
    func turnAway(with answer: Span<UInt8>) {
        isTurnedAway = true
        isUnlucky = true
        answer.withUnsafeBufferPointer { outbound.append($0) }
        writtenCount += answer.count
        gatewayClosed()
    }
}
