/// A client's end of a link: what it wants to send, and what it has read and not yet understood.
import Primitives

final class ClientSocket {
    let link: Link
    private var outgoing = ByteBuffer()
    var incoming = ByteBuffer()
    /// Whether it says that it will send no more, once all is sent.
    private var isEnding = false
    /// Bytes that it wanted to send, that arrived, and that it has understood.
    private(set) var sentCount = 0
    private(set) var deliveredCount = 0
    private(set) var consumedCount = 0

    init(_ link: Link) {
        self.link = link
    }

    // MARK: Sending

    func send(_ bytes: borrowing ByteBuffer) {
        outgoing.append(bytes.bytes)
        sentCount += bytes.count
    }

    func send(_ text: String) {
        outgoing.append(text)
        sentCount += text.utf8.count
    }

    func send(_ bytes: [UInt8]) {
        outgoing.append(bytes)
        sentCount += bytes.count
    }

    var hasOutgoing: Bool { !outgoing.isEmpty && !link.isReset && !link.isGatewayClosed }

    /// Moves at most `limit` bytes to the gateway's kernel.
    func deliver(_ limit: Int) {
        let count = min(limit, outgoing.count, link.inboundRoom)
        if count > 0 {
            link.deliver(UnsafeBufferPointer(rebasing: outgoing.unsafeBytes[..<count]))
            outgoing.consume(count)
            deliveredCount += count
        }
        if isEnding, outgoing.isEmpty { link.endInbound() }
    }

    // MARK: Reading

    var unreadCount: Int { link.outbound.count }

    func read(_ limit: Int) {
        let count = min(limit, link.outbound.count)
        if count > 0 { link.take(count, into: &incoming) }
    }

    /// Lets `body` read what it has not understood yet.
    func parse<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        let bytes = incoming.unsafeBytes
        return try body(bytes.span)
    }

    func consume(_ count: Int) {
        incoming.consume(count)
        consumedCount += count
    }

    /// When what it has understood last was first offered, and in which turn.
    var offer: Link.Offer? { link.offer(endingAt: consumedCount) }

    /// Nothing more will come.
    var isEnded: Bool { link.isReset || link.isOutboundEnded && link.outbound.isEmpty }

    // MARK: Ending

    /// Sends what it wanted to send, then says that this was all; it goes on reading.
    func endSending() {
        isEnding = true
        if outgoing.isEmpty { link.endInbound() }
    }

    func close() { link.closeClient() }

    func breakOff() { link.breakOff() }
}
