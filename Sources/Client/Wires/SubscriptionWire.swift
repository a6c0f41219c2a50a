/// One transport as a value of bytes: a request out, events in. Does no I/O and asks no clock.
package import Primitives

package protocol SubscriptionWire: AnyObject {
    /// Appends the request that begins the subscription, or resumes it after `cursor`. A poll makes one again after
    /// each answer.
    func request(after cursor: [UInt8]?, into output: inout ByteBuffer)

    /// Reads what has come as far as it goes: consumes it from `input`, appends what it says to `events` and what
    /// must be answered to `output`. Throws when the link must end; the events before it are good.
    func receive(
        _ input: inout ByteBuffer, into events: inout [WireEvent], answering output: inout ByteBuffer
    ) throws(ClientFailure)

    /// What it means that the peer will send nothing more.
    func ended(into events: inout [WireEvent]) throws(ClientFailure)

    /// Whether another request may go over the same connection.
    var isReusable: Bool { get }

    /// Appends what says good-bye politely.
    func close(into output: inout ByteBuffer)
}

/// What a subscriber is willing to hold at once, however much a gateway sends.
package enum WireLimits {
    /// One WebSocket message or server-sent event: a thousand times a usual batch.
    package static let messageByteCount = 16 << 20
    /// One poll's answer, which can be a whole snapshot.
    package static let answerByteCount = 64 << 20
    /// The body of a refusal.
    package static let problemByteCount = 64 << 10
}
