/// The opening handshake of a WebSocket: a request that is one, and the answer to it (RFC 6455 §4.2).
internal import HTTP
internal import Primitives
internal import WebSocket

struct OpeningHandshake {
    private let accept: [UInt8]
    private let offersSubprotocol: Bool
    /// Nil: messages are not compressed.
    let agreement: PerMessageDeflate.Agreement?

    /// Checks the request and agrees to what it offers, as far as that is wanted.
    init(_ head: RequestHead, _ compression: CompressionSettings) throws(Problem) {
        guard head.version == .http11, head.method == .get, head.hasToken("websocket", in: "Upgrade"),
            head.hasToken("upgrade", in: "Connection")
        else {
            throw Problem(
                426, "bad_request", "This address speaks WebSocket; for plain HTTP use /sse or /poll.")
        }
        let versions = head.fields(named: "Sec-WebSocket-Version")
        guard versions.count == 1, let version = versions.first, version.span.equals("13") else {
            throw Problem(426, "bad_request", "Only version 13 of the WebSocket protocol is spoken here.")
        }
        guard head.bodyFraming == .none || head.bodyFraming == .length(0) else {
            throw .badRequest("An opening handshake has no body.")
        }
        let keys = head.fields(named: "Sec-WebSocket-Key")
        guard keys.count == 1, let key = keys.first, let accept = Handshake.acceptValue(forKey: key.span)
        else {
            throw .badRequest("Sec-WebSocket-Key must be 16 bytes in base64, once.")
        }
        self.accept = accept
        offersSubprotocol = Handshake.chooseSubprotocol(
            offered: head.fields(named: "Sec-WebSocket-Protocol"), supported: "tidegate.v1")
        agreement = compression.preferences.flatMap {
            PerMessageDeflate.negotiate(
                offers: head.fields(named: "Sec-WebSocket-Extensions"), preferences: $0)
        }
    }

    /// Switches the protocol.
    func answer(_ response: inout some Responder, _ connection: Connection, _ work: Workspace) {
        response.begin(101, nil, .none, connection, work) { fields in
            fields.add("Upgrade", "websocket")
            fields.add("Connection", "Upgrade")
            fields.add("Sec-WebSocket-Accept", accept)
            if offersSubprotocol { fields.add("Sec-WebSocket-Protocol", "tidegate.v1") }
            if let agreement { fields.add("Sec-WebSocket-Extensions", agreement.responseValue) }
        }
    }
}
