/// The `Idempotency-Key` of a request: whoever sends it again publishes nothing twice.
internal import Primitives

package struct RequestKey: Sendable, Equatable {
    package let text: String

    /// Nil for what is no key: 1 to 255 visible characters of ASCII.
    package init?(_ text: String) {
        guard 1...255 ~= text.utf8.count, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        self.text = text
    }

    /// One that nobody has used: 128 bits of chance.
    init(from generator: inout some RandomNumberGenerator) {
        var digits = ByteBuffer()
        for _ in 0..<2 { digits.append(hexadecimal: generator.next(), digitCount: 16) }
        text = digits.bytes.text
    }
}
