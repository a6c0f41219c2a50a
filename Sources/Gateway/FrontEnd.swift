/// What a connection means at present: HTTP, a WebSocket, an event stream. Bytes come in, frames go out.
internal import Broker
internal import Primitives
internal import Transport

/// A front end belongs to one connection and keeps what its protocol must remember. It never touches the socket:
/// it appends to the loop's output, which the loop sends in one call when the front end is done.
protocol FrontEnd: AnyObject {
    /// Takes what it can of `input` and returns how many bytes that was; 0: it needs more, or nothing now.
    func received(_ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ loop: GatewayLoop)
        -> Int
    /// Whether it can take input now. What the peer sends meanwhile stays in the kernel.
    var isReading: Bool { get }
    /// The peer will send nothing more.
    func inputEnded(_ connection: Connection, _ loop: GatewayLoop)
    /// Something may be waiting for the subscriber, and the socket takes bytes.
    func flush(_ connection: Connection, _ loop: GatewayLoop)
    /// When it wants to be called if nothing happens before.
    func deadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant
    func deadlineCame(_ connection: Connection, _ loop: GatewayLoop)
    /// The gateway drains: say so to the peer and end.
    func sayGoodbye(_ connection: Connection, _ loop: GatewayLoop)
    /// The connection is gone: give back what the loop keeps for it.
    func ended(_ loop: GatewayLoop)

    /// What `/metrics` and `/connections` call it.
    var transport: StaticString { get }
    /// Who reads here, where somebody does.
    var subscriber: SubscriberID? { get }
    var maximumRate: Double? { get }
    /// Since when nothing is drained for it because it has not read what it was sent; nil: it is drained.
    var stalledSince: Instant? { get }
}

extension FrontEnd {
    var transport: StaticString { "http" }
    var subscriber: SubscriberID? { nil }
    var maximumRate: Double? { nil }
    var stalledSince: Instant? { nil }
}

/// One accepted connection. Owned by its loop's thread.
final class Connection {
    let token: UInt32
    let stream: ByteStream
    var frontEnd: any FrontEnd
    /// What the kernel did not take; nothing is drained for this peer meanwhile.
    var unsent: WaitingBytes?
    /// What came and could not be used yet: the beginning of something.
    var unread: WaitingBytes?
    /// When the peer was last heard, when it was last told something, and when it last took something.
    var lastReceived: Instant
    var lastSent: Instant
    /// When the timer wheel will call.
    var scheduled = Instant.never
    /// When it is to be told goodbye, once the gateway drains.
    var goodbye = Instant.never
    /// Close as soon as everything is sent.
    var endReason: EndReason?
    var isOpen = true
    var isInputEnded = false
    /// Whether the stream holds input of which the poller will not tell.
    var holdsInput = false
    /// What the poller waits for on its behalf.
    var isWaitingToRead = true
    var isWaitingToWrite = false
    /// Whether it stands in the loop's list of connections with work left.
    var isInAgain = false
    /// Whether nothing is drained for it at present: its socket is full, or it has not read what it was sent.
    var isStopped = false
    /// Whether it was told of that this reader takes nothing.
    var isStallTold = false
    let accepted: Instant
    var publishing = PublishRate()

    init(token: UInt32, stream: consuming ByteStream, frontEnd: any FrontEnd, now: Instant) {
        self.token = token
        self.stream = stream
        self.frontEnd = frontEnd
        accepted = now
        lastReceived = now
        lastSent = now
    }

    /// Bytes that the kernel did not take.
    var unsentByteCount: Int { unsent?.bytes.count ?? 0 }
}

/// Bytes that wait for their turn; made when some do and let go when none are left, so that an idle connection pays for a
/// pointer.
final class WaitingBytes {
    var bytes = ByteBuffer()

    init(_ bytes: Span<UInt8>) {
        self.bytes.append(bytes)
    }
}

/// Waits until a peer that was refused has read why: closing at once, with bytes of its unread, would make the
/// kernel reset the connection and destroy the answer (RFC 9112 §9.6).
final class LingeringFrontEnd: FrontEnd {
    private let until: Instant

    init(until: Instant) {
        self.until = until
    }

    var isReading: Bool { true }

    func received(_ input: UnsafeMutableBufferPointer<UInt8>, _: Connection, _: GatewayLoop) -> Int {
        input.count
    }

    func inputEnded(_ connection: Connection, _ loop: GatewayLoop) {
        loop.end(connection, connection.endReason ?? .finished)
    }

    func flush(_: Connection, _: GatewayLoop) {}

    func deadline(_: Connection, _: GatewayLoop) -> Instant { until }

    func deadlineCame(_ connection: Connection, _ loop: GatewayLoop) {
        if loop.now >= until { loop.end(connection, connection.endReason ?? .finished) }
    }

    func sayGoodbye(_ connection: Connection, _ loop: GatewayLoop) { loop.end(connection, .drained) }

    func ended(_: GatewayLoop) {}
}
