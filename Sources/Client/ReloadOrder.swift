/// Has a gateway read its settings anew (docs/protocol.md, section 6).
internal import Primitives

package struct ReloadOrder {
    /// Keys as the settings' file names them.
    package private(set) var changed: [String] = []
    /// Those that are different and wait for the gateway's next start.
    package private(set) var restart: [String] = []

    /// Asks, and waits for what comes of it.
    package init(at url: GatewayURL) throws(ClientFailure) {
        let answer = try HTTPConnection(to: url).send(HTTPCall(.post, "/operations/reload"))
        do throws(JSONFailure) {
            try read(answer.span)
        } catch {
            throw .violation("the answer to a reload, \(error)")
        }
    }

    private mutating func read(_ answer: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(answer)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("changed", in: answer) {
                changed = try Self.texts(&scanner, answer)
            } else if name.equals("restart", in: answer) {
                restart = try Self.texts(&scanner, answer)
            } else {
                _ = try scanner.value()
            }
        }
    }

    private static func texts(
        _ scanner: inout JSONScanner, _ answer: Span<UInt8>
    ) throws(JSONFailure) -> [String] {
        var texts: [String] = []
        try scanner.enterArray()
        while try scanner.nextElement() {
            let text = try scanner.string()
            texts.append(text.decoded(in: answer).map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
        return texts
    }
}
