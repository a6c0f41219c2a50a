import Primitives

/// The version that a message names, which tells what its sender understands.
package enum HTTPVersion: Sendable, Equatable {
    case http10
    case http11

    /// The result of reading a version.
    enum Reading: Equatable {
        case known(HTTPVersion)
        case otherMajor
        case malformed
    }

    /// Reads `HTTP/1.1` and the like, in exactly that form (RFC 9112 §2.3).
    ///
    /// A minor version above 1 counts as 1.1, the highest that we speak (RFC 9110 §2.5).
    static func read(_ text: Span<UInt8>) -> Reading {
        guard text.count == 8, text.extracting(0..<5).equals("HTTP/"), text[6] == ASCII.period,
            ASCII.isDigit(text[5]), ASCII.isDigit(text[7])
        else { return .malformed }
        guard text[5] == UInt8(ascii: "1") else { return .otherMajor }
        return .known(text[7] == ASCII.zero ? .http10 : .http11)
    }
}
