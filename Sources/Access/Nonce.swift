/// A text that nobody can guess, for use once.
package enum Nonce {
    /// 192 bits, in letters, digits, `-` and `_`.
    package static func make() -> [UInt8] { Base64URL.encoded(Secret.random(byteCount: 24)) }
}
