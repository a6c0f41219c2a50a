import Primitives
import TestSupport
import Testing

@testable import WebSocket

/// What one end writes, the other reads: any messages, fragments, masks, compression and cuts.
@Suite struct RoundTripTests {
    private struct Sender: ~Copyable {
        var random: SeededGenerator
        let setup: Setup
        let deflater: Deflater?
        var wire: [UInt8] = []
        var said: [Heard] = []

        init(seed: UInt64, setup: Setup) {
            random = SeededGenerator(seed: seed)
            self.setup = setup
            deflater = setup.compression.map { agreement in
                setup.role == .server
                    ? Deflater(
                        windowBits: agreement.clientMaxWindowBits,
                        keepsContext: !agreement.clientNoContextTakeover)
                    : Deflater(
                        windowBits: agreement.serverMaxWindowBits,
                        keepsContext: !agreement.serverNoContextTakeover)
            }
        }

        mutating func frame(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool, isCompressed: Bool) {
            let key = MaskKey(bits: UInt32(truncatingIfNeeded: random.next()))
            wire +=
                setup.role == .server
                ? clientFrame(opcode, payload, isFinal: isFinal, isCompressed: isCompressed, key: key)
                : serverFrame(opcode, payload, isFinal: isFinal, isCompressed: isCompressed)
        }

        mutating func message() {
            let isText = random.next() % 2 == 0
            let size = Int(random.next() % [3, 200, 5_000].randomElement(using: &random)!)
            let content = isText ? random.text(size) : random.bytes(size)
            var payload = content
            let isCompressed = deflater != nil && random.next() % 4 != 0
            if isCompressed, let deflater {
                var output = ByteBuffer()
                deflater.compress(content.span, into: &output)
                payload = output.bytes.array
            }
            var pieces =
                random.next() % 2 == 0 ? [payload] : random.cut(payload, upTo: max(payload.count / 2, 1))
            if pieces.isEmpty { pieces = [[]] }
            for (index, piece) in pieces.enumerated() {
                let isLast = index == pieces.count - 1
                frame(
                    index > 0 ? .continuation : isText ? .text : .binary, piece, isFinal: isLast,
                    isCompressed: isCompressed && index == 0)
                if !isLast, random.next() % 4 == 0 {
                    frame(.ping, [1, 2], isFinal: true, isCompressed: false)
                    said.append(.ping([1, 2]))
                }
            }
            said.append(.message(isText ? .text : .binary, content))
        }
    }

    static let setups: [Setup] = [
        Setup(), Setup(role: .client), Setup(compression: Setup.compressed),
        Setup(compression: Setup.compressedWithContext),
        Setup(role: .client, compression: Setup.compressed),
        Setup(role: .client, compression: Setup.compressedWithContext),
    ]

    @Test(arguments: setups, UInt64(0)..<12) func readsWhatWasWritten(setup: Setup, seed: UInt64) {
        var sender = Sender(seed: seed, setup: setup)
        for _ in 0..<20 { sender.message() }
        let shared = Inflater()
        #expect(Wire.hear([sender.wire], setup, sharing: shared) == sender.said, "seed \(seed)")
        for limit in [7, 100, 4_096] {
            let pieces = sender.random.cut(sender.wire, upTo: limit)
            #expect(Wire.hear(pieces, setup, sharing: shared) == sender.said, "seed \(seed), cut \(limit)")
        }
    }
}
