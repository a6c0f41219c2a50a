import Primitives
import TestSupport
import Testing

@testable import WebSocket

@Suite struct FrameWriterTests {
    /// Around each border of the header's three forms.
    static let lengths = [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 70_000]

    @Test(arguments: lengths, lengths) func putsTheShortestHeaderBeforeWhatWasAppended(
        length: Int, expected: Int
    ) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        for key in [nil, MaskKey(bits: 0xDEAD_BEEF)] {
            var whole = ByteBuffer()
            whole.append(bytes("before"))
            whole.append(frame: .binary, payload: payload.span, key: key)

            var pieces = ByteBuffer()
            pieces.append(bytes("before"))
            let start = pieces.beginFrame(expectedByteCount: expected, isMasked: key != nil)
            for piece in [payload.prefix(length / 2), payload.dropFirst(length / 2)] {
                pieces.append(Array(piece))
            }
            pieces.endFrame(start, opcode: .binary, key: key)
            #expect(pieces.bytes.array == whole.bytes.array)

            let isMasked = key != nil
            let headerByteCount = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (isMasked ? 4 : 0)
            #expect(whole.count == 6 + headerByteCount + length)
            let heard = Wire.hear(
                [Array(whole.bytes.array.dropFirst(6))],
                Setup(role: isMasked ? .server : .client, limits: MessageLimits(messageByteCount: 1 << 20)))
            #expect(heard == [.message(.binary, payload)])
        }
    }

    @Test func writesTheBytesOfTheStandard() {
        #expect(serverFrame(.text, bytes("Hello")) == [0x81, 0x05] + bytes("Hello"))
        let masked: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(clientFrame(.text, bytes("Hello")) == masked)
        #expect(serverFrame(.text, [1], isFinal: false, isCompressed: true) == [0x41, 0x01, 0x01])
    }

    @Test func closesWithACodeAndAReasonCutAtACharacter() {
        var buffer = ByteBuffer()
        buffer.append(closeFrame: nil)
        buffer.append(closeFrame: .goingAway, reason: "bye")
        #expect(buffer.bytes.array == [0x88, 0x00, 0x88, 0x05, 0x03, 0xE9] + bytes("bye"))

        var long = ByteBuffer()
        long.append(closeFrame: .normal, reason: String(repeating: "€", count: 60), key: MaskKey(bits: 7))
        #expect(Wire.hear([long.bytes.array]) == [.close(1000, bytes(String(repeating: "€", count: 41)))])
    }
}
