import Primitives
import Testing

struct PayloadTests {
    @Test func keepsItsBytes() {
        #expect(Payload(Array("update".utf8).span).text == "update")
        let empty = Payload([UInt8]().span)
        #expect(empty.byteCount == 0 && empty.text.isEmpty)
        let filled = Payload(byteCount: 3) { for index in 0..<3 { $0[index] = UInt8(index) + 0x61 } }
        #expect(filled.text == "abc")
        #expect(Array(filled.unsafeBytes) == [0x61, 0x62, 0x63])
    }
}
