import Primitives
import TestSupport
import Testing

@testable import WebSocket

@Suite struct MessageReaderTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        var setup = Setup()
        let bytes: [UInt8]
        let heard: [Heard]

        var testDescription: String { name }
    }

    static let client = Setup(role: .client)

    /// RFC 6455 §5.7, and what its text implies.
    static let vectors: [Vector] = [
        Vector(
            name: "unmasked text Hello", setup: client,
            bytes: [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], heard: [.text("Hello")]),
        Vector(
            name: "masked text Hello",
            bytes: [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], heard: [.text("Hello")]
        ),
        Vector(
            name: "fragmented unmasked text", setup: client,
            bytes: [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F], heard: [.text("Hello")]),
        Vector(
            name: "unmasked ping", setup: client,
            bytes: [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], heard: [.ping(bytes("Hello"))]),
        Vector(
            name: "masked pong",
            bytes: [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            heard: [.pong(bytes("Hello"))]),
        Vector(
            name: "256 bytes binary", setup: client,
            bytes: [0x82, 0x7E, 0x01, 0x00] + [UInt8](repeating: 7, count: 256),
            heard: [.message(.binary, [UInt8](repeating: 7, count: 256))]),
        Vector(
            name: "empty text", bytes: clientFrame(.text, []), heard: [.text("")]),
        Vector(
            name: "pings between the fragments",
            bytes: clientFrame(.text, bytes("a"), isFinal: false) + clientFrame(.ping, [])
                + clientFrame(.continuation, [], isFinal: false) + clientFrame(.pong, [1])
                + clientFrame(.continuation, bytes("b")) + clientFrame(.binary, [0xFF]),
            heard: [.ping([]), .pong([1]), .text("ab"), .message(.binary, [0xFF])]),
        Vector(
            name: "a character split between fragments",
            bytes: clientFrame(.text, [0xE2, 0x82], isFinal: false) + clientFrame(.continuation, [0xAC]),
            heard: [.text("€")]),
        Vector(
            name: "close without a body, then what nobody reads",
            bytes: clientFrame(.close, []) + clientFrame(.text, bytes("late")) + [0xFF, 0xFF],
            heard: [.close(nil, [])]),
        Vector(
            name: "close with code and reason", bytes: clientFrame(.close, [0x03, 0xE9] + bytes("bye €")),
            heard: [.close(1001, bytes("bye €"))]),
        Vector(
            name: "close in the middle of a message",
            bytes: clientFrame(.text, bytes("a"), isFinal: false) + clientFrame(.close, [0x0F, 0xA0]),
            heard: [.close(4000, [])]),
    ]

    /// RFC 7692 §7.2.3.
    static let compressedVectors: [Vector] = [
        Vector(
            name: "one compressed frame", setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], heard: [.text("Hello")]),
        Vector(
            name: "a fragmented compressed message",
            setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00], heard: [.text("Hello")]
        ),
        Vector(
            name: "a shared window",
            setup: Setup(role: .client, compression: Setup.compressedWithContext),
            bytes: [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
                + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
            heard: [.text("Hello"), .text("Hello")]),
        Vector(
            name: "a block without compression", setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            heard: [.text("Hello")]),
        Vector(
            name: "a final block, and the window kept behind it",
            setup: Setup(role: .client, compression: Setup.compressedWithContext),
            bytes: [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]
                + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
            heard: [.text("Hello"), .text("Hello")]),
        Vector(
            name: "two blocks in one message", setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [
                0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
            ],
            heard: [.text("Hello")]),
        Vector(
            name: "an empty compressed message", setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [0xC1, 0x01, 0x00], heard: [.text("")]),
        Vector(
            name: "an uncompressed message where compression was agreed on",
            setup: Setup(role: .client, compression: Setup.compressed),
            bytes: [0x81, 0x02, 0x48, 0x65], heard: [.text("He")]),
    ]

    static let small = Setup(limits: MessageLimits(messageByteCount: 10, frameCount: 3))

    static let refusals: [Vector] = [
        Vector(name: "RSV1", bytes: [0xC1], heard: [.failure(.reservedBit)]),
        Vector(name: "RSV2", bytes: [0xA1], heard: [.failure(.reservedBit)]),
        Vector(name: "RSV3", bytes: [0x91], heard: [.failure(.reservedBit)]),
        Vector(
            name: "RSV1 on a control frame", setup: Setup(compression: Setup.compressed), bytes: [0xC9],
            heard: [.failure(.reservedBit)]),
        Vector(
            name: "RSV1 on a continuation", setup: Setup(compression: Setup.compressed),
            bytes: clientFrame(.text, [], isFinal: false, isCompressed: true) + [0xC0],
            heard: [.failure(.reservedBit)]),
        Vector(name: "opcode 3", bytes: [0x83], heard: [.failure(.reservedOpcode)]),
        Vector(name: "opcode 15", bytes: [0x8F], heard: [.failure(.reservedOpcode)]),
        Vector(name: "a ping in fragments", bytes: [0x09], heard: [.failure(.fragmentedControlFrame)]),
        Vector(name: "a ping of 126 bytes", bytes: [0x89, 0xFE], heard: [.failure(.oversizedControlFrame)]),
        Vector(name: "no mask", bytes: [0x81, 0x05], heard: [.failure(.unmaskedFrame)]),
        Vector(name: "a mask", setup: client, bytes: [0x81, 0x85], heard: [.failure(.maskedFrame)]),
        Vector(name: "125 in 16 bits", bytes: [0x82, 0xFE, 0, 125], heard: [.failure(.wastefulLength)]),
        Vector(
            name: "65,535 in 64 bits", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            heard: [.failure(.wastefulLength)]),
        Vector(
            name: "2^63", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], heard: [.failure(.negativeLength)]),
        Vector(
            name: "2^63 - 1", bytes: [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0],
            heard: [.failure(.oversizedMessage(limit: 65_536))]),
        Vector(name: "a stray continuation", bytes: [0x80], heard: [.failure(.strayContinuation)]),
        Vector(
            name: "a message within a message", bytes: clientFrame(.text, [], isFinal: false) + [0x81],
            heard: [.failure(.interruptedMessage)]),
        Vector(
            name: "a close frame of one byte", bytes: clientFrame(.close, [3]),
            heard: [.failure(.truncatedCloseCode)]),
        Vector(
            name: "a close reason that is no text", bytes: clientFrame(.close, [0x03, 0xE8, 0xFF]),
            heard: [.failure(.invalidCloseReason)]),
        Vector(
            name: "eleven bytes where ten are allowed", setup: small,
            bytes: Array(clientFrame(.text, bytes("elevenbytes")).prefix(6)),
            heard: [.failure(.oversizedMessage(limit: 10))]),
        Vector(
            name: "eleven bytes in two fragments", setup: small,
            bytes: clientFrame(.text, bytes("eleven"), isFinal: false)
                + clientFrame(.continuation, bytes("bytes")).prefix(6),
            heard: [.failure(.oversizedMessage(limit: 10))]),
        Vector(
            name: "four fragments where three are allowed", setup: small,
            bytes: clientFrame(.text, [], isFinal: false) + clientFrame(.continuation, [], isFinal: false)
                + clientFrame(.continuation, [], isFinal: false) + clientFrame(.continuation, []),
            heard: [.failure(.excessiveFragmentation(limit: 3))]),
        Vector(
            name: "half a character", bytes: clientFrame(.text, [0xE2, 0x82]), heard: [.failure(.invalidText)]
        ),
        Vector(
            name: "no deflate stream", setup: Setup(compression: Setup.compressed),
            bytes: clientFrame(.text, [0xFF, 0xFF, 0xFF], isCompressed: true),
            heard: [.failure(.corruptCompression)]),
        Vector(
            name: "a deflate stream that stops in a block", setup: Setup(compression: Setup.compressed),
            bytes: clientFrame(.text, [0xF2, 0x48, 0xCD], isCompressed: true),
            heard: [.failure(.corruptCompression)]),
        Vector(
            name: "a compressed message of no bytes", setup: Setup(compression: Setup.compressed),
            bytes: clientFrame(.text, [], isCompressed: true), heard: [.failure(.corruptCompression)]),
        Vector(
            name: "compressed bytes that are no text", setup: Setup(compression: Setup.compressed),
            bytes: clientFrame(.text, [0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0x00], isCompressed: true),
            heard: [.failure(.invalidText)]),
    ]

    @Test(arguments: vectors + compressedVectors + refusals) func hearsTheSameAtEveryCut(vector: Vector) {
        let shared = Inflater()
        #expect(Wire.hear([vector.bytes], vector.setup) == vector.heard)
        #expect(Wire.hear([vector.bytes], vector.setup, sharing: shared) == vector.heard)
        #expect(Wire.hear(drip(vector.bytes), vector.setup, sharing: shared) == vector.heard)
        for cut in everyCut(vector.bytes) {
            #expect(Wire.hear([cut.first, cut.second], vector.setup, sharing: shared) == vector.heard)
        }
    }

    @Test(arguments: vectors + compressedVectors) func leavesTrailingBytesToTheNextFrame(vector: Vector) {
        let frame = vector.setup.role == .server ? clientFrame(.ping, [9]) : serverFrame(.ping, [9])
        let expected = vector.heard + [.ping([9])]
        if case .close = vector.heard.last { return }  // A reader reports nothing behind a close frame.
        #expect(Wire.hear([vector.bytes + frame + frame.prefix(1)], vector.setup) == expected)
    }

    @Test func closeCodesThatMayNotTravelAreRefused() {
        for code in UInt16(0)...5_100 {
            let heard = Wire.hear([clientFrame(.close, [UInt8(code >> 8), UInt8(code & 255)])])
            let isAllowed =
                [1000, 1001, 1002, 1003].contains(code) || (1007...1014).contains(code)
                || (3000...4999).contains(code)
            #expect(heard == [isAllowed ? .close(code, []) : .failure(.invalidCloseCode(code))])
        }
    }

    /// While the reader waits, the wire keeps at most a header or a control frame.
    @Test func consumesIncompleteDataAtOnce() {
        var wire = Wire(Setup(limits: MessageLimits(messageByteCount: 70_000)))
        for piece in drip(clientFrame(.binary, [UInt8](repeating: 5, count: 70_000))) {
            wire.receive(piece)
            #expect(wire.kept.count < FrameHeader.maximumByteCount)
        }
        #expect(wire.heard == [.message(.binary, [UInt8](repeating: 5, count: 70_000))])
        #expect(wire.reader.heldByteCount == 0, "the message is let go by the next step")
    }

    @Test func anIdleReaderIsSmall() {
        #expect(MemoryLayout<MessageReader>.size <= 48)
    }

    /// A bomb: 64 KiB that inflate to 64 MiB, and one that exceeds the limit by its last byte.
    @Test func aBombFailsBeforeItCostsMemory() {
        let deflater = Deflater()
        for byteCount in [65_537, 1 << 26] {
            var buffer = ByteBuffer()
            deflater.compress([UInt8](repeating: 0x20, count: byteCount).span, into: &buffer)
            var wire = Wire(Setup(compression: Setup.compressed))
            wire.receive(clientFrame(.text, buffer.bytes.array, isCompressed: true))
            #expect(wire.heard == [.failure(.oversizedMessage(limit: 65_536))])
            #expect(wire.largestAssembly <= 65_537)
        }
        var buffer = ByteBuffer()
        deflater.compress([UInt8](repeating: 0x20, count: 65_536).span, into: &buffer)
        let heard = Wire.hear(
            [clientFrame(.text, buffer.bytes.array, isCompressed: true)],
            Setup(compression: Setup.compressed))
        #expect(heard == [.message(.text, [UInt8](repeating: 0x20, count: 65_536))])
    }
}
