import Primitives
import Testing

struct ByteBufferTests {
    @Test func holdsNoMemoryWhileEmpty() {
        var buffer = ByteBuffer()
        #expect(buffer.capacity == 0)
        #expect(buffer.isEmpty == true)
        #expect(buffer.bytes.count == 0)
        buffer.append([])
        buffer.append("")
        #expect(buffer.capacity == 0)
    }

    @Test func appendsAllKinds() {
        var buffer = ByteBuffer(capacity: 4)
        buffer.append(0x61)
        buffer.append("bc")
        buffer.append("d\(1)")
        buffer.append("xyz".dropFirst())
        buffer.append([0x65, 0x66])
        buffer.append(Array("gh".utf8).span)
        buffer.append(decimal: 0)
        buffer.append(decimal: .max)
        buffer.append(hexadecimal: 0xBEEF, digitCount: 6)
        buffer.append(hexadecimal: 0xBEEF, digitCount: 2)
        #expect(buffer.bytes.text == "abcd1yzefgh01844674407370955161500beefef")
    }

    /// Compares it with an array that does the same the simple way.
    @Test(arguments: 0..<20)
    func behavesLikeAnArray(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for _ in 0..<2000 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1:
                let bytes = (0..<Int.random(in: 0..<100, using: &generator)).map {
                    UInt8(truncatingIfNeeded: $0)
                }
                buffer.append(bytes)
                model += bytes
            case 2, 3:
                let count = Int.random(in: 0...model.count, using: &generator)
                buffer.consume(count)
                model.removeFirst(count)
            case 4:
                let count = Int.random(in: 0...model.count, using: &generator)
                buffer.truncate(to: count)
                model.removeLast(model.count - count)
            default:
                let written = buffer.appendUnsafe(upTo: 10) { free in
                    for index in 0..<7 { free[index] = 0xAA }
                    return 7
                }
                model += [UInt8](repeating: 0xAA, count: written)
            }
            #expect(buffer.count == model.count)
            #expect(buffer.bytes.array == model)
        }
    }

    @Test func changesWhatWaits() {
        var buffer = ByteBuffer()
        buffer.append("--00000000--")
        buffer.consume(2)
        buffer.overwrite(at: 0, hexadecimal: 0x1F, digitCount: 8)
        #expect(buffer.bytes.text == "0000001f--")
        Array("AB".utf8).withUnsafeBufferPointer { buffer.overwrite(at: 8, with: $0) }
        #expect(buffer.bytes.text == "0000001fAB")
        buffer.replaceBytes(from: 7, with: ASCII.space) { $0 < 0x61 }
        #expect(buffer.bytes.text == "0000001f  ")
        buffer.removeAll()
        #expect(buffer.isEmpty && buffer.capacity > 0)
    }

    @Test(arguments: [(0, 1), (9, 1), (10, 2), (99, 2), (100, 3), (UInt64.max, 20)])
    func countsDigits(value: UInt64, count: Int) {
        #expect(decimalDigitCount(value) == count)
    }
}
