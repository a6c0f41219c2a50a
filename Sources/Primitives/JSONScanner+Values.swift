/// Values that are read in several places.

extension JSONScanner {
    /// A number at or above zero without fraction or exponent.
    package mutating func wholeNumber() throws(JSONFailure) -> UInt64 {
        let range = try value()
        guard let number = bytes.extracting(range).decimal else {
            throw JSONFailure(offset: range.lowerBound, reason: "expected a whole number")
        }
        return number
    }

    /// A string as UTF-8, or nil for `null`.
    package mutating func optionalString() throws(JSONFailure) -> [UInt8]? {
        try null() ? nil : try string().decoded(in: bytes)
    }

    /// A string for people to read; empty for `null`.
    package mutating func optionalText() throws(JSONFailure) -> String {
        try optionalString().map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
