import Primitives
import Testing

@testable import WebSocket

@Suite struct MaskingTests {
    private func naive(_ key: MaskKey, _ bytes: [UInt8], phase: Int = 0) -> [UInt8] {
        bytes.enumerated().map { $1 ^ UInt8(truncatingIfNeeded: key.bits >> UInt32((phase + $0) % 4 * 8)) }
    }

    @Test func masksAnyLengthAtAnyOffsetAndPhase() {
        var random = SeededGenerator(seed: 1)
        for length in 0...200 {
            let payload = random.bytes(length)
            let key = MaskKey(bits: UInt32(truncatingIfNeeded: random.next()))
            for offset in 0..<9 {
                var bytes = [UInt8](repeating: 0xEE, count: offset) + payload + [0xEE]
                bytes.withUnsafeMutableBufferPointer {
                    Masking.apply(
                        key.advanced(by: offset),
                        to: UnsafeMutableBufferPointer(rebasing: $0[offset..<offset + length]))
                }
                let expected = naive(key, payload, phase: offset)
                #expect(Array(bytes[offset..<offset + length]) == expected)
                #expect(bytes.last == 0xEE && bytes.prefix(offset).allSatisfy { $0 == 0xEE })
            }
        }
    }

    @Test func aKeyAdvancesByItsPhaseOnly() {
        let key = MaskKey(bits: 0x0403_0201)
        #expect(key.advanced(by: 0) == key)
        #expect(key.advanced(by: 1) == MaskKey(bits: 0x0104_0302))
        #expect(key.advanced(by: 6) == MaskKey(bits: 0x0201_0403))
        #expect(key.advanced(by: 1 << 40) == key)
    }
}
