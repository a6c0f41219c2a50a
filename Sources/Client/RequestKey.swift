/// The `Idempotency-Key` of a request: whoever sends it again publishes nothing twice.

package struct RequestKey: Sendable, Equatable {
    package let text: String

    /// Nil for what is no key: 1 to 255 visible characters of ASCII.
    package init?(_ text: String) {
        guard 1...255 ~= text.utf8.count, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        self.text = text
    }

    /// One that nobody has used: 128 bits of chance.
    init(from generator: inout some RandomNumberGenerator) {
        text = (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
