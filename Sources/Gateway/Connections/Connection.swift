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

    let stream: ByteStream
    var phase: Phase
    /// What the poller waits for on its behalf.
    var interest: Poller.Interest = .read
    /// What reading, and writing, waited for when it was last tried: a layered stream may have to write to read on.
    var readInterest: Poller.Interest = .read
    var writeInterest: Poller.Interest = .write
    /// Close as soon as everything is sent.
    private(set) var endReason: EndReason?
    var isInputEnded = false
    /// Whether the stream holds input of which the poller will not tell.
    var holdsInput = false
    /// Whether it stands in the loop's list of connections with work left.
    var isInAgain = false
    /// Whether nothing is drained for it at present: its socket is full, or it has not read what it was sent.
    var isStopped = false
    /// Whether the log was told that this reader takes nothing.
    var isStallTold = false

    /// Its number among the loop's connections, with the generation: the key of its first stream.
    let key: ReaderKey
    var frontEnd: any FrontEnd
    let principal: Principal
    /// What the kernel did not take; nothing is drained for this peer meanwhile.
    var unsent: WaitingBytes?
    /// What came and could not be used yet: the beginning of something.
    var unread: WaitingBytes?
    let accepted: Instant
    /// When the peer was last heard, and when it was last told something or last took something.
    var lastReceived: Instant
    var lastSent: Instant
    /// When the timer wheel will call.
    var scheduled = Instant.never
    /// When it is to be told goodbye, once the gateway drains.
    var goodbye = Instant.never
    var publishing = PublishRate()

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

    /// Bytes that the kernel did not take.
    var unsentByteCount: Int { unsent?.bytes.count ?? 0 }

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

/// Bytes that wait for their turn; made when some do and let go when none are left, so that an idle connection pays for a
/// pointer.
final class WaitingBytes {
    var bytes = ByteBuffer()

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes.append(bytes)
    }
}
