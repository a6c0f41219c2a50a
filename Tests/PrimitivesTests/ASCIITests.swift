import Primitives
import Testing

struct ASCIITests {
    @Test func knowsEveryByte() {
        for byte in UInt8.min...UInt8.max {
            let scalar = Unicode.Scalar(byte)
            let character = Character(scalar)
            #expect(ASCII.isDigit(byte) == ("0"..."9").contains(character))
            #expect(ASCII.hexValue(byte).map(Int.init) == (byte < 128 ? character.hexDigitValue : nil))
            #expect(ASCII.lowercased(byte) == (("A"..."Z").contains(character) ? byte + 32 : byte))
        }
        #expect((UInt8(0)..<16).map(ASCII.hexDigit) == Array("0123456789abcdef".utf8))
    }

    private func isEqual(_ text: String, _ literal: StaticString) -> Bool {
        Array(text.utf8).span.equals(literal)
    }

    private func isEqualIgnoringCase(_ text: String, _ literal: StaticString) -> Bool {
        ASCII.equalIgnoringCase(Array(text.utf8).span, literal)
    }

    @Test func comparesBytesWithLiterals() {
        #expect(isEqual("Content-Length", "Content-Length"))
        #expect(!isEqual("Content-Length", "content-length"))
        #expect(!isEqual("Content-Length", "Content-Lengt"))
        #expect(!isEqual("Content-Length", "Content-Length2"))
        #expect(isEqual("", ""))
        #expect(isEqualIgnoringCase("Content-Length", "cONTENT-lENGTH"))
        #expect(!isEqualIgnoringCase("Content-Length", "content_length"))
        #expect(!isEqualIgnoringCase("Content-Length", "content-lengt"))
        #expect(!isEqualIgnoringCase("@[`{", "`{@["))
    }

    @Test(arguments: [
        ("0", 0), ("007", 7), ("18446744073709551615", UInt64.max), ("18446744073709551616", nil),
        ("99999999999999999999", nil), ("", nil), ("+1", nil), ("-1", nil), (" 1", nil), ("1 ", nil),
        ("1a", nil),
    ])
    func readsDecimals(text: String, value: UInt64?) {
        #expect(Array(text.utf8).span.decimal == value)
    }

    @Test func copiesAndDecodes() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        #expect(bytes.span.array == bytes)
        #expect(bytes.span.text == "a\u{FFFD}b")
    }
}
