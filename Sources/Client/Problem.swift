/// Why a gateway refused a request: `application/problem+json` (RFC 9457), or as much as the answer said.
internal import Primitives

package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let status: Int
    package var title = ""
    /// What was wrong and what to do.
    package var detail = ""
    /// One of the protocol's codes, such as `invalid_topic`.
    package var code = ""
    /// The number of the refused NDJSON line, from 1.
    package var line: UInt64?
    /// How many lines before it were accepted.
    package var accepted: UInt64?
    /// Seconds to wait before asking again, as the answer's `Retry-After` says.
    package var retryAfterSeconds: UInt64?

    package init(status: Int) {
        self.status = status
    }

    /// Reads `body`. A body that is no problem document is quoted, cut to a line.
    package init(status: Int, body: [UInt8]) {
        self.init(status: status)
        do throws(JSONFailure) {
            try read(body)
        } catch {
            let text = body.span.text.split(whereSeparator: \.isNewline).first ?? ""
            detail = String(text.prefix(200))
        }
    }

    /// One line: `invalid_topic: a segment is empty (line 3; 2 lines before it were accepted)`.
    package var description: String {
        var text = code.isEmpty ? "HTTP \(status)" : code
        let said = detail.isEmpty ? title : detail
        if !said.isEmpty { text += ": \(said)" }
        if let line {
            text += " (line \(line)"
            if let accepted { text += "; \(accepted) accepted before it" }
            text += ")"
        }
        return text
    }

    private mutating func read(_ body: [UInt8]) throws(JSONFailure) {
        let text = body.span
        var scanner = JSONScanner(text)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            let kind = scanner.peek()
            let range = try scanner.value()
            let value = text.extracting(range)
            if kind == .string {
                if name.equals("title", in: text) { title = jsonText(value) }
                if name.equals("detail", in: text) { detail = jsonText(value) }
                if name.equals("code", in: text) { code = jsonText(value) }
            } else if kind == .number {
                if name.equals("line", in: text) { line = value.decimal }
                if name.equals("accepted", in: text) { accepted = value.decimal }
            }
        }
    }
}

/// The characters of a checked JSON string, quotes included in `value`; U+FFFD for half a surrogate pair.
func jsonText(_ value: Span<UInt8>) -> String {
    var scanner = JSONScanner(value)
    do throws(JSONFailure) {
        return try scanner.string().decoded(in: value).map { String(decoding: $0, as: UTF8.self) }
            ?? "\u{FFFD}"
    } catch {
        return "\u{FFFD}"
    }
}
