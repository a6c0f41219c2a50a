/// `POST /publish` with lines, one such request after another over one connection, each with a key.
internal import HTTP
internal import Primitives
internal import Transport

final class LineRequest {
    private static let connectTimeout = Duration.seconds(10)
    /// A gateway that takes nothing, or answers nothing, for this long counts as gone.
    private static let patience = Duration.seconds(60)

    private let url: GatewayURL
    private let stop: Wakeup?
    private var link: Link
    private var reader = ResponseReader(answering: .post, byteCountLimit: WireLimits.problemByteCount)
    /// Under which the lines of the present request are published.
    private(set) var key: RequestKey
    /// False when the gateway has said that its answer was the last: it read nothing that came behind.
    private(set) var isOpen = true

    /// Connects and begins the first request.
    init(to url: GatewayURL, under key: RequestKey, stop: Wakeup?) throws(ClientFailure) {
        self.url = url
        self.key = key
        self.stop = stop
        link = try Link(to: url, within: Self.connectTimeout, unless: stop)
        appendHead(under: key)
    }

    var descriptor: Int32 { link.number }

    /// Sends whole lines. Throws the refusal if the gateway has already answered.
    func send(_ lines: Span<UInt8>) throws(ClientFailure) {
        // An empty chunk would end the request.
        guard !lines.isEmpty else { return }
        let chunk = link.output.beginChunk()
        link.output.append(lines)
        link.output.endChunk(chunk)
        try check()
        while let arrival = try link.send(until: .now() + Self.patience, unless: stop) {
            try answeredEarly(arrival)
        }
    }

    /// Throws the refusal if one has come.
    func check() throws(ClientFailure) {
        // It may have come together with the answer to the request before.
        if !link.input.isEmpty { try answeredEarly(.bytes) }
        if let arrival = try link.readAvailable() { try answeredEarly(arrival) }
    }

    /// Ends the request, begins the next one under `next`, and returns how many updates the gateway has accepted. The next head goes
    /// with the end: a gateway that drains closes what is idle, and this connection never is.
    func turnOver(to next: RequestKey) throws(ClientFailure) -> UInt64 {
        link.output.appendLastChunk()
        appendHead(under: next)
        let accepted = try readAccepted()
        key = next
        return accepted
    }

    /// Ends the last request and returns how many updates the gateway has accepted.
    func finish() throws(ClientFailure) -> UInt64 {
        link.output.appendLastChunk()
        return try readAccepted()
    }

    private func appendHead(under key: RequestKey) {
        link.output.append(requestHead: "POST", url.prefix + "/publish", at: url)
        link.output.append(field: "Content-Type", "application/x-ndjson")
        link.output.append(field: "Transfer-Encoding", "chunked")
        link.output.append(field: "Accept", "application/json")
        link.output.append(field: "Idempotency-Key", key.text)
        link.output.endFields()
    }

    private func readAccepted() throws(ClientFailure) -> UInt64 {
        let body = try reader.readAnswer(over: &link, until: .now() + Self.patience, unless: stop)
        isOpen = reader.head?.isPersistent == true
        reader.reset()
        do throws(JSONFailure) {
            return try accepted(body.span)
        } catch {
            throw .violation("the answer to a publish, \(error)")
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
