/// What one node of a cluster says of itself (docs/protocol.md, section 7), as far as whoever restarts it wants to know.
internal import Primitives

package struct NodeReading: Sendable, Equatable {
    /// Empty: it is a gateway that belongs to no cluster.
    package var name = ""
    package var epoch = ""
    /// Entries of the log that it has still to apply.
    package var lag = 0.0
    /// Seconds since its process began.
    package var uptime = 0.0
    /// WebSockets and event streams that are open. A poll goes to whichever node is ready.
    package var streams = 0.0
    /// Those that were opened since the process began.
    package var openedStreams = 0.0
    /// Nil: it is ready. Else why not.
    package var reason: String?

    package init() {}

    package init(of url: GatewayURL) throws(ClientFailure) {
        let connection = HTTPConnection(to: url)
        do throws(ClientFailure) {
            _ = try connection.send(HTTPCall(.get, "/readyz"))
        } catch {
            guard case .refused(let problem) = error, problem.status == 503 else { throw error }
            reason = problem.detail
        }
        let answer = try connection.send(HTTPCall(.get, "/stats"))
        do throws(JSONFailure) {
            try read(stats: answer.span)
        } catch {
            throw .violation("the figures of \(url), \(error)")
        }
    }

    mutating func read(stats: Span<UInt8>) throws(JSONFailure) {
        try Self.visit(stats) { name, value throws(JSONFailure) in
            if name == "uptime" {
                uptime = try Self.number(value)
            } else if name == "connections" {
                try Self.visit(value) { name, value throws(JSONFailure) in
                    if name == "websocket" || name == "sse" { streams += try Self.number(value) }
                    if name == "streams" { openedStreams = try Self.number(value) }
                }
            } else if name == "cluster" {
                try Self.visit(value) { name, value throws(JSONFailure) in
                    if name == "node" { self.name = try Self.text(value) }
                    if name == "epoch" { epoch = try Self.text(value) }
                    if name == "lag" { lag = try Self.number(value) }
                }
            }
        }
    }

    /// Hands the members of the object to `take`, each with its value's JSON.
    private static func visit(
        _ json: Span<UInt8>, _ take: (String, Span<UInt8>) throws(JSONFailure) -> Void
    ) throws(JSONFailure) {
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            let value = json.extracting(try scanner.value())
            try take(name.decoded(in: json).map { String(decoding: $0, as: UTF8.self) } ?? "", value)
        }
    }

    private static func number(_ json: Span<UInt8>) throws(JSONFailure) -> Double {
        var scanner = JSONScanner(json)
        return try scanner.number()
    }

    private static func text(_ json: Span<UInt8>) throws(JSONFailure) -> String {
        var scanner = JSONScanner(json)
        return try scanner.optionalText()
    }
}
