/// A pattern as a right has it: `{subject}` in it stands for the name of who has the right.
package import Broker
internal import Primitives

package enum GrantedPattern {
    private static let placeholder = Array("{subject}".utf8)

    /// The pattern that `text` is for that subject; nil for nobody in particular.
    package static func resolved(
        _ text: Span<UInt8>, for subject: [UInt8]?
    ) throws(GrantFailure) -> TopicPattern {
        var resolved: [UInt8] = []
        var index = 0
        while index < text.count {
            let rest = text.extracting(index..<text.count)
            guard rest.count >= placeholder.count, rest.extracting(0..<placeholder.count).array == placeholder
            else {
                resolved.append(text[index])
                index += 1
                continue
            }
            guard let subject, let segment = segment(of: subject) else {
                throw GrantFailure(text, "{subject} stands for no name that can be a segment")
            }
            resolved += segment
            index += placeholder.count
        }
        do {
            return try TopicPattern(resolved.span)
        } catch {
            throw GrantFailure(text, error.reason)
        }
    }

    /// The name as a segment of a topic: each byte that is no letter, digit, `-`, `.`, `_` or `~` is percent-encoded, `%` itself
    /// too, so that two names never make one segment. Nil where no segment can be made of it.
    package static func segment(of subject: [UInt8]) -> [UInt8]? {
        guard !subject.isEmpty, subject != [ASCII.period], subject != [ASCII.period, ASCII.period] else {
            return nil
        }
        var segment: [UInt8] = []
        for byte in subject {
            switch byte {
            case ASCII.minus, ASCII.period, UInt8(ascii: "_"), UInt8(ascii: "~"): segment.append(byte)
            case _ where ASCII.isLetterOrDigit(byte): segment.append(byte)
            default:
                segment += [
                    ASCII.percent, upper(ASCII.hexDigit(byte >> 4)), upper(ASCII.hexDigit(byte & 15)),
                ]
            }
        }
        return segment
    }

    private static func upper(_ digit: UInt8) -> UInt8 { ASCII.isDigit(digit) ? digit : digit & ~0x20 }
}

/// A right's pattern that can't be one.
package struct GrantFailure: Error, Sendable, CustomStringConvertible {
    package let pattern: String
    package let reason: String

    init(_ text: Span<UInt8>, _ reason: String) {
        pattern = text.extracting(0..<min(text.count, 80)).text
        self.reason = reason
    }

    package var description: String { "\"\(pattern)\": \(reason)" }
}
