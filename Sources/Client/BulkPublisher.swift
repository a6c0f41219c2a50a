/// Publishes NDJSON of any length in one request, and listens for an answer that comes early.
internal import HTTP
internal import Primitives
package import Transport

package final class BulkPublisher {
    private static let connectTimeout = Duration.seconds(10)
    /// A gateway that takes nothing, or answers nothing, for this long counts as gone.
    private static let patience = Duration.seconds(60)

    private let stop: Wakeup?
    private var link: Link
    /// The first bytes of the lines, until it is known whether they are a byte-order mark.
    private var beginning = ByteBuffer()
    private var hasBegun = false
    private var reader = ResponseReader(answering: .post, byteCountLimit: WireLimits.problemByteCount)

    /// Connects and begins the request.
    package init(to url: GatewayURL, stop: Wakeup? = nil) throws(ClientFailure) {
        self.stop = stop
        link = try Link(to: url, within: Self.connectTimeout, unless: stop)
        link.output.append(requestHead: "POST", url.prefix + "/publish", at: url)
        link.output.append(field: "Content-Type", "application/x-ndjson")
        link.output.append(field: "Transfer-Encoding", "chunked")
        link.output.append(field: "Accept", "application/json")
        link.output.endFields()
    }

    /// The descriptor to wait on beside a slow source: an answer before the end is a refusal.
    package var descriptor: Int32 { link.number }

    /// Sends a piece of the lines, cut anywhere, without the mark that they may begin with. Throws the refusal if the gateway
    /// has already answered.
    package func send(_ piece: Span<UInt8>) throws(ClientFailure) {
        if hasBegun { return try sendChunk(piece) }
        beginning.append(piece)
        hasBegun = beginning.dropByteOrderMark()
        if hasBegun { try sendBeginning() }
    }

    private func sendBeginning() throws(ClientFailure) {
        let bytes = beginning.array
        beginning.removeAll()
        try sendChunk(bytes.span)
    }

    private func sendChunk(_ piece: Span<UInt8>) throws(ClientFailure) {
        // An empty chunk would end the request.
        guard !piece.isEmpty else { return }
        let chunk = link.output.beginChunk()
        link.output.append(piece)
        link.output.endChunk(chunk)
        try flush()
    }

    /// Throws the refusal if one has come.
    package func check() throws(ClientFailure) {
        if let arrival = try link.readAvailable() { try answeredEarly(arrival) }
    }

    /// Ends the request and returns how many updates the gateway has accepted.
    package func finish() throws(ClientFailure) -> UInt64 {
        try sendBeginning()
        link.output.appendLastChunk()
        try flush()
        let body = try reader.readAnswer(over: &link, until: .now() + Self.patience, unless: stop)
        do throws(JSONFailure) {
            return try accepted(body.span)
        } catch {
            throw .violation("the answer to a publish, \(error)")
        }
    }

    private func flush() throws(ClientFailure) {
        while let arrival = try link.send(until: .now() + Self.patience, unless: stop) {
            try answeredEarly(arrival)
        }
    }

    /// Something came before the request was complete: the answer that ends it, or an end without one.
    private func answeredEarly(_ arrival: Link.Arrival) throws(ClientFailure) {
        switch arrival {
        case .bytes:
            // An interim head is not the answer yet.
            guard try reader.readHead(&link.input) != nil else { return }
            _ = try reader.readAnswer(over: &link, until: .now() + Self.patience, unless: stop)
            throw .violation("the gateway answered before the last line was sent")
        case .ended: throw reader.problem
        case .timedOut: throw .lost(reason: "the gateway takes nothing more")
        case .stopped: throw .stopped
        }
    }

    private func accepted(_ body: Span<UInt8>) throws(JSONFailure) -> UInt64 {
        var accepted: UInt64 = 0
        var scanner = JSONScanner(body)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("accepted", in: body) {
                accepted = try scanner.wholeNumber()
            } else {
                _ = try scanner.value()
            }
        }
        return accepted
    }
}
