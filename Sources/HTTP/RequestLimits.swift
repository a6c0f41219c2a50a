/// How large the head of a request or response may be.
package struct RequestLimits: Sendable, Equatable {
    /// Bytes of the first line without its end; one more is 414. RFC 9112 §3 recommends at least 8,000.
    package var requestLineByteCount: Int
    /// Bytes of all field lines together; one more is 431.
    package var headerByteCount: Int
    /// Field lines; one more is 431.
    package var headerFieldCount: Int

    package init(
        requestLineByteCount: Int = 8192, headerByteCount: Int = 32768, headerFieldCount: Int = 100
    ) {
        self.requestLineByteCount = requestLineByteCount
        self.headerByteCount = headerByteCount
        self.headerFieldCount = headerFieldCount
    }
}
