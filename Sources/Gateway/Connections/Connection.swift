/// One accepted connection: its stream, what it speaks, and what is known of its peer.
internal import Broker
internal import Primitives
internal import Transport

/// Owned by its loop's thread. A front end reads what is known of the peer and says when the connection is to end; the
/// stream and what waits for it are the loop's.
final class Connection {
    enum Phase: UInt8 {
        /// The stream's handshake, if it has one, is under way.
        case opening
        case serving
        /// All is sent and the peer was told so. It is given time to read it: closing at once, with bytes of the peer's
        /// unread, would make the kernel reset the connection and destroy the answer (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// What is true of it at present.
    struct Facts: OptionSet {
        let rawValue: UInt8
        /// The peer will send nothing more.
        static let inputEnded = Facts(rawValue: 1)
        /// The stream holds input of which the poller will not tell.
        static let holdsInput = Facts(rawValue: 2)
        /// It stands in the loop's list of connections with work left.
        static let isInAgain = Facts(rawValue: 4)
        /// Nothing is drained for it: its socket is full, or it has not read what it was sent.
        static let isStopped = Facts(rawValue: 8)
        /// The log was told that this reader takes nothing.
        static let isStallTold = Facts(rawValue: 16)
        /// The reader was sent as much as it may be before it has answered for it.
        static let isFull = Facts(rawValue: 32)
        /// The poller tells nothing of it, until it is seen to that its peer is gone.
        static let isUnwatched = Facts(rawValue: 64)
    }

    // An idle connection is these 120 bytes and its front end's (`Benchmarks/idle-memory`).

    let stream: ByteStream
    var phase: Phase
    /// What the poller waits for on its behalf.
    var interest: Poller.Interest = .read
    /// What reading, and writing, waited for when it was last tried: a layered stream may have to write to read on.
    var readInterest: Poller.Interest = .read
    var writeInterest: Poller.Interest = .write
    /// Close as soon as everything is sent.
    private(set) var endReason: EndReason?
    var facts: Facts = []

    /// Its number among the loop's connections, with the generation: the key of its first stream.
    let key: ReaderKey
    var frontEnd: any FrontEnd
    let principal: Principal
    /// Made when bytes wait, let go when none do.
    private var backlog: Backlog?
    let accepted: Instant
    /// When the peer was last heard, and when it was last told something or last took something.
    var lastReceived: Instant
    var lastSent: Instant

    init(
        key: ReaderKey, stream: consuming ByteStream, frontEnd: any FrontEnd, principal: Principal,
        now: Instant
    ) {
        self.key = key
        self.stream = stream
        self.frontEnd = frontEnd
        self.principal = principal
        phase = .opening
        accepted = now
        lastReceived = now
        lastSent = now
    }

    var token: UInt32 { key.connection }
    var isOpen: Bool { phase != .closed }

    /// Bytes that the kernel did not take. While there are any, nothing is drained for this peer.
    var unsentByteCount: Int { backlog?.unsent.count ?? 0 }
    var hasUnsent: Bool { unsentByteCount > 0 }

    /// Bytes that came and could not be used yet: the beginning of something.
    var unreadByteCount: Int { backlog?.unread.count ?? 0 }
    var hasUnread: Bool { unreadByteCount > 0 }

    /// Whether there is input of which the poller will not tell: what could not be used yet, or what the stream holds.
    var hasInput: Bool { hasUnread || facts.contains(.holdsInput) }

    /// The address at the other end.
    var peer: String { stream.peer }

    // What its front end says of it. One that lingers has no reader any more.

    var transport: StaticString { phase == .serving ? frontEnd.transport : "http" }
    var subscriber: SubscriberID? { phase == .serving ? frontEnd.subscriber : nil }
    var maximumRate: Double? { phase == .serving ? frontEnd.maximumRate : nil }
    var stalledSince: Instant? { phase == .serving ? frontEnd.stalledSince : nil }

    /// Closes when everything is sent. The first reason stands.
    func endAfterSending(_ reason: EndReason) {
        if endReason == nil { endReason = reason }
    }
}

/// Bytes of a connection that wait for their turn.
private final class Backlog {
    var unsent = ByteBuffer()
    var unread = ByteBuffer()
}

extension Connection {
    func keepUnsent(_ bytes: UnsafeBufferPointer<UInt8>) {
        waiting.unsent.append(bytes)
    }

    /// Hands `body` what is unsent; it returns how many bytes of it were taken.
    func consumeUnsent(_ body: (UnsafeBufferPointer<UInt8>) -> Int) {
        guard let backlog else { return }
        backlog.unsent.consume(body(backlog.unsent.unsafeBytes))
        if backlog.unsent.isEmpty { backlog.unsent = ByteBuffer() }
        letGo()
    }

    func keepUnread(_ bytes: UnsafeBufferPointer<UInt8>) {
        waiting.unread.append(bytes)
    }

    /// Moves what is unread to the beginning of `space`.
    func takeUnread(into space: UnsafeMutableBufferPointer<UInt8>) {
        guard let backlog else { return }
        _ = space.update(from: backlog.unread.unsafeBytes)
        dropUnread()
    }

    func dropUnread() {
        guard let backlog else { return }
        backlog.unread = ByteBuffer()
        letGo()
    }

    private var waiting: Backlog {
        if let backlog { return backlog }
        let made = Backlog()
        backlog = made
        return made
    }

    private func letGo() {
        if !hasUnsent, !hasUnread { backlog = nil }
    }
}
