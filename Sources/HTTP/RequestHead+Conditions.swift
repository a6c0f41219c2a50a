import Primitives

/// Fields with a grammar of their own: how long the client would wait, and what it already has.
extension RequestHead {
    /// The seconds of `Prefer: wait=N` (RFC 7240 §4.3); nil without it, or if N is no number.
    package var preferredWait: Int? {
        let span = fields.bytes.span
        for value in fields.values("Prefer") {
            var preferences = ListCursor(value)
            while let preference = preferences.next(in: span) {
                // The first one counts (RFC 7240 §2), even if its value is no number.
                if let wait = Self.wait(span, preference) { return wait.decimal }
            }
        }
        return nil
    }

    private struct Wait {
        let decimal: Int?
    }

    /// Reads `wait = word` and ignores parameters behind it; nil for another preference.
    private static func wait(_ span: Span<UInt8>, _ preference: Range<Int>) -> Wait? {
        var parameters = ListCursor(preference)
        guard let first = parameters.next(in: span, separator: ASCII.semicolon) else { return nil }
        var parts = ListCursor(first)
        guard let name = parts.next(in: span, separator: ASCII.equals),
            ASCII.equalIgnoringCase(span.extracting(name), "wait")
        else { return nil }
        guard var word = parts.next(in: span, separator: ASCII.equals) else { return Wait(decimal: nil) }
        if word.count >= 2, span[word.lowerBound] == ASCII.quote, span[word.upperBound - 1] == ASCII.quote {
            word = (word.lowerBound + 1)..<(word.upperBound - 1)
        }
        return Wait(decimal: span.extracting(word).decimal.flatMap { Int(exactly: $0) })
    }

    /// What If-None-Match names (RFC 9110 §13.1.2); nil without it.
    package var ifNoneMatch: EntityTagCondition? { condition("If-None-Match") }

    /// What If-Match names (RFC 9110 §13.1.1); nil without it.
    package var ifMatch: EntityTagCondition? { condition("If-Match") }

    private func condition(_ name: StaticString) -> EntityTagCondition? {
        let values = fields.values(name)
        guard !values.isEmpty else { return nil }
        let span = fields.bytes.span
        var tags: [EntityTag] = []
        for value in values {
            if span.extracting(value).equals("*") { return .any }
            EntityTag.readList(span.extracting(value), into: &tags)
        }
        return .tags(tags)
    }
}
