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

    /// The entity tags of If-None-Match, without quotes and weakness (RFC 9110 §13.1.2); `*` stays `*`. A malformed
    /// tag ends its line.
    package var ifNoneMatch: [[UInt8]] {
        let span = fields.bytes.span
        var tags: [[UInt8]] = []
        for value in fields.values("If-None-Match") {
            if span.extracting(value).equals("*") {
                tags.append([ASCII.asterisk])
                continue
            }
            var position = value.lowerBound
            while let tag = Self.nextTag(span, &position, value.upperBound) {
                tags.append(span.extracting(tag).array)
            }
        }
        return tags
    }

    /// The opaque part of the tag at `position`. Backslashes and commas in it have no meaning.
    private static func nextTag(_ span: Span<UInt8>, _ position: inout Int, _ end: Int) -> Range<Int>? {
        while position < end, Syntax.isWhiteSpace(span[position]) || span[position] == ASCII.comma {
            position += 1
        }
        if position + 1 < end, span[position] == UInt8(ascii: "W"), span[position + 1] == ASCII.slash {
            position += 2
        }
        guard position < end, span[position] == ASCII.quote else { return nil }
        let start = position + 1
        var close = start
        while close < end, span[close] != ASCII.quote { close += 1 }
        guard close < end else { return nil }
        position = close + 1
        return start..<close
    }
}
