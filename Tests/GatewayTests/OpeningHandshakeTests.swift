import HTTP
import Primitives
import Testing

@testable import Gateway

@Suite struct OpeningHandshakeTests {
    private static let request = """
        GET /ws HTTP/1.1
        Host: gateway
        Upgrade: h2c, WebSocket
        Connection: keep-alive, Upgrade
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        Sec-WebSocket-Version: 13

        """

    /// The answer's fields, or the status and code of the refusal.
    private func answer(
        _ text: String, _ change: (inout CompressionSettings) -> Void = { _ in }
    ) throws -> String {
        var settings = CompressionSettings()
        change(&settings)
        let bytes = Array((text + "\n").replacing("\n", with: "\r\n").utf8)
        var parser = RequestParser()
        guard let (head, _) = try parser.parse(bytes.span) else { return "incomplete" }
        do throws(Problem) {
            let opening = try OpeningHandshake(head, settings)
            let stage = FrontEndStage()
            var response = HTTP1Responder(head)
            opening.answer(&response, stage.connection, stage.work)
            return stage.said()
        } catch {
            return "\(error.status)"
        }
    }

    private func adding(_ line: String) -> String { Self.request + line + "\n" }

    @Test func answersAHandshake() throws {
        let answer = try answer(Self.request)
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(!answer.contains("Sec-WebSocket-Extensions") && !answer.contains("Sec-WebSocket-Protocol"))
    }

    @Test(arguments: [
        ("Upgrade: h2c, WebSocket", "Upgrade: h2c", "426"),
        ("Connection: keep-alive, Upgrade", "Connection: keep-alive", "426"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", "426"),
        ("Sec-WebSocket-Version: 13", "X: y", "426"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\nSec-WebSocket-Version: 8", "426"),
        ("HTTP/1.1", "HTTP/1.0", "426"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", "400"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X: y", "400"),
        ("Host: gateway", "Host: gateway\nContent-Length: 4", "400"),
    ]) func refusesWhatIsNone(part: String, replacement: String, status: String) throws {
        #expect(try answer(Self.request.replacing(part, with: replacement)) == status)
    }

    @Test func choosesTheSubprotocolItSpeaks() throws {
        #expect(
            try answer(adding("Sec-WebSocket-Protocol: chat, tidegate.v1"))
                .contains("\r\nSec-WebSocket-Protocol: tidegate.v1\r\n"))
        #expect(!(try answer(adding("Sec-WebSocket-Protocol: chat"))).contains("Sec-WebSocket-Protocol"))
    }

    private func extensions(
        _ offer: String, _ change: (inout CompressionSettings) -> Void = { _ in }
    ) throws -> String? {
        let name = "Sec-WebSocket-Extensions: "
        return try answer(adding(name + offer), change).split(separator: "\r\n")
            .first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
    }

    @Test func agreesToCompressAsConfigured() throws {
        let browsers = "permessage-deflate; client_max_window_bits"
        let shared = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        #expect(try extensions(browsers) == shared)
        #expect(try extensions(browsers) { $0.mode = .on } == shared)
        #expect(try extensions(browsers) { $0.mode = .off } == nil)
        #expect(try extensions(browsers) { $0.contextTakeover = true } == "permessage-deflate")
        #expect(try extensions(browsers) { $0.windowBits = 11 } == shared + "; server_max_window_bits=11")
        #expect(try extensions("permessage-bzip2") == nil)
        #expect(
            try extensions("permessage-deflate; server_no_context_takeover") { $0.contextTakeover = true }
                == "permessage-deflate; server_no_context_takeover")
    }
}
