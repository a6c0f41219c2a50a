/// A text that nobody can guess, for use once.
package enum Nonce {
    private static let randomByteCount = 24

    /// 192 bits, in letters, digits, `-` and `_`.
    package static func make() -> [UInt8] { Base64URL.encoded(Secret.random(byteCount: randomByteCount)) }

    /// Whether it may be one: what is none need not be looked for.
    package static func isOne(_ text: [UInt8]) -> Bool {
        text.count == randomByteCount * 4 / 3 && Base64URL.decoded(text.span) != nil
    }
}
