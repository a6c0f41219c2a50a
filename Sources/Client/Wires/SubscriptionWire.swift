/// One transport as a value over bytes: it writes a request and reads events. It does no I/O and reads no clock.
package import Primitives

package protocol SubscriptionWire: AnyObject {
    /// Appends the request that begins the subscription, or resumes it after `cursor`. A poll appends one after each
    /// answer.
    func request(after cursor: [UInt8]?, into output: inout ByteBuffer)

    /// Reads as much of `input` as is complete, and consumes it. Appends events to `events` and answers to `output`.
    /// If it throws, the link must end, but the events before are valid.
    func receive(
        _ input: inout ByteBuffer, into events: inout [WireEvent], answering output: inout ByteBuffer
    ) throws(ClientFailure)

    /// The peer will send nothing more. Throws what that means for this transport.
    func ended(into events: inout [WireEvent]) throws(ClientFailure)

    /// Whether the same connection may carry another request.
    var isReusable: Bool { get }

    /// Appends the transport's polite farewell.
    func close(into output: inout ByteBuffer)
}

/// What a client holds at most, however much a gateway sends.
package enum WireLimits {
    /// One WebSocket message or server-sent event: a thousand times the usual batch.
    package static let messageByteCount = 16 << 20
    /// One poll's answer, which can be a full snapshot.
    package static let answerByteCount = 64 << 20
    /// The body of a refusal.
    package static let problemByteCount = 64 << 10
}
