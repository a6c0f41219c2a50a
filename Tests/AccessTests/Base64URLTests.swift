import Primitives
import Testing

@testable import Access

@Suite struct Base64URLTests {
    /// RFC 4648 §10, without the padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ]) func isAsTheRFCSays(plain: String, encoded: String) {
        #expect(Base64URL.encoded(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64URL.decoded(Array(encoded.utf8).span) == Array(plain.utf8))
    }

    @Test func readsWhatItWrites() {
        var generator = SeededGenerator(seed: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Base64URL.decoded(Base64URL.encoded(bytes).span) == bytes)
        }
    }

    /// Each run of bytes has one spelling.
    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zm9vZ", "é"])
    func refuses(text: String) {
        #expect(Base64URL.decoded(Array(text.utf8).span) == nil)
    }
}
