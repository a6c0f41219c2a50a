/// The rules for the names of topics and for patterns over them (docs/protocol.md, section 1).
internal import Primitives

package enum TopicName {
    /// Names longer than this are refused: a name is carried in every update.
    package static let maximumByteCount = 256

    /// Checks that `name` may name a topic.
    package static func check(_ name: Span<UInt8>) throws(TopicFailure) {
        try check(name, allowingWildcards: false)
    }

    static func check(_ name: Span<UInt8>, allowingWildcards: Bool) throws(TopicFailure) {
        guard name.count > 0 else { throw TopicFailure(name, "it is empty") }
        guard name.count <= maximumByteCount else {
            throw TopicFailure(name, "it is longer than \(maximumByteCount) bytes")
        }
        do {
            _ = try UTF8Span(validating: name)
        } catch {
            throw TopicFailure(name, "it is not UTF-8")
        }
        var segmentStart = 0
        for index in 0...name.count where index == name.count || name[index] == ASCII.slash {
            let isLast = index == name.count
            try checkSegment(
                name.extracting(segmentStart..<index), of: name, isLast: isLast, allowingWildcards)
            segmentStart = index + 1
        }
    }

    private static func checkSegment(
        _ segment: Span<UInt8>, of name: Span<UInt8>, isLast: Bool, _ allowingWildcards: Bool
    ) throws(TopicFailure) {
        if segment.isEmpty { throw TopicFailure(name, "it has an empty segment") }
        if segment.equals(".") || segment.equals("..") {
            throw TopicFailure(name, "a segment may not be \".\" or \"..\"")
        }
        if allowingWildcards, segment.equals("*") { return }
        if allowingWildcards, segment.equals("**") {
            if isLast { return }
            throw TopicFailure(name, "\"**\" may only be the last segment")
        }
        for index in segment.indices {
            switch segment[index] {
            case 0...0x1F, ASCII.delete: throw TopicFailure(name, "it has a control character")
            case ASCII.space: throw TopicFailure(name, "it has white space")
            case ASCII.comma: throw TopicFailure(name, "it has a comma")
            case ASCII.asterisk:
                throw TopicFailure(
                    name,
                    allowingWildcards
                        ? "\"*\" must be a segment of its own" : "\"*\" belongs to patterns only")
            default: continue
            }
        }
    }
}

/// A name that may not name a topic, or a pattern that may not be one.
package struct TopicFailure: Error, Sendable, CustomStringConvertible {
    /// What was found, cut to a length fit for a message.
    package let name: String
    package let reason: String

    init(_ name: Span<UInt8>, _ reason: String) {
        self.name = name.extracting(0..<min(name.count, 80)).text + (name.count > 80 ? "…" : "")
        self.reason = reason
    }

    package var description: String { "\"\(name)\" is no topic here: \(reason)" }
}
