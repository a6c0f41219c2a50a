import Primitives

/// Reads the framing from a head's fields. Requests are smuggled here, so nothing in the parser is stricter.
extension HeaderFields {
    /// What Content-Length and Transfer-Encoding say together.
    enum DeclaredFraming: Equatable {
        case none
        case length(Int)
        case chunked
        /// A transfer coding that we do not know.
        case unknownCoding
        case malformed(String)
    }

    func declaredFraming(_ version: HTTPVersion) -> DeclaredFraming {
        let codings = values("Transfer-Encoding")
        let lengths = values("Content-Length")
        if codings.isEmpty {
            return lengths.isEmpty ? .none : declaredLength(lengths)
        }
        if !lengths.isEmpty {
            return .malformed("Content-Length and Transfer-Encoding exclude each other; send one")
        }
        if version == .http10 {
            return .malformed("HTTP/1.0 has no Transfer-Encoding; send Content-Length")
        }
        return declaredCoding(codings)
    }

    private func declaredLength(_ lengths: [Range<Int>]) -> DeclaredFraming {
        guard lengths.count == 1 else {
            return .malformed("more than one Content-Length; send it once")
        }
        guard let length = bytes.span.extracting(lengths[0]).decimal.flatMap({ Int(exactly: $0) }) else {
            return .malformed("Content-Length is not a number of bytes; send digits only")
        }
        return .length(length)
    }

    /// Accepts exactly one `chunked` and nothing else.
    private func declaredCoding(_ codings: [Range<Int>]) -> DeclaredFraming {
        let span = bytes.span
        var chunkedCount = 0
        var isChunkedLast = false
        var hasUnknown = false
        for coding in codings {
            var elements = ListCursor(coding)
            while let element = elements.next(in: span) {
                let name = span.extracting(element)
                guard Syntax.isToken(name) else {
                    return .malformed("Transfer-Encoding is malformed; send \"chunked\"")
                }
                isChunkedLast = ASCII.equalIgnoringCase(name, "chunked")
                if isChunkedLast { chunkedCount += 1 } else { hasUnknown = true }
            }
        }
        if chunkedCount > 1 { return .malformed("\"chunked\" is applied twice; send it once") }
        if chunkedCount == 1, !isChunkedLast { return .malformed("\"chunked\" must be the last coding") }
        return hasUnknown ? .unknownCoding : .chunked
    }
}
