import CZlib
import Primitives
import Testing

@testable import WebSocket

@Suite struct PerMessageDeflateTests {
    struct Offer: Sendable {
        let lines: [String]
        var preferences = PerMessageDeflate.Preferences(
            serverNoContextTakeover: false, clientNoContextTakeover: false)
        let response: String?
    }

    static let lean = PerMessageDeflate.Preferences(serverMaxWindowBits: 12, clientMaxWindowBits: 10)

    static let offers: [Offer] = [
        Offer(lines: [], response: nil),
        Offer(lines: [""], response: nil),
        Offer(lines: ["x-webkit-deflate-frame"], response: nil),
        Offer(lines: ["permessage-deflate"], response: "permessage-deflate"),
        Offer(lines: [" permessage-deflate\t; client_max_window_bits"], response: "permessage-deflate"),
        Offer(
            lines: ["permessage-deflate; server_no_context_takeover;client_no_context_takeover"],
            response: "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        Offer(
            lines: ["permessage-deflate; server_max_window_bits=\"10\"; client_max_window_bits=9"],
            response: "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"),
        Offer(
            lines: ["permessage-deflate; server_max_window_bits=8; client_max_window_bits=8"],
            response: "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8"),
        Offer(lines: ["permessage-deflate; server_max_window_bits"], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=7"], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=16"], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=08"], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=1x"], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=\"\""], response: nil),
        Offer(lines: ["permessage-deflate; server_max_window_bits=\"1"], response: nil),
        Offer(lines: ["permessage-deflate; server_no_context_takeover=1"], response: nil),
        Offer(
            lines: ["permessage-deflate; client_no_context_takeover; client_no_context_takeover"],
            response: nil),
        Offer(lines: ["permessage-deflate; client_max_window_bits; client_max_window_bits=9"], response: nil),
        Offer(lines: ["permessage-deflate; unheard_of"], response: nil),
        Offer(lines: ["permessage-deflate;"], response: nil),
        Offer(lines: ["permessage-deflate client_max_window_bits"], response: nil),
        Offer(
            lines: [
                "permessage-deflate; unheard_of=\"a\\\",b\", permessage-deflate; server_max_window_bits=11"
            ],
            response: "permessage-deflate; server_max_window_bits=11"),
        Offer(
            lines: ["other; a=\"x, permessage-deflate\", permessage-deflate; server_max_window_bits=11"],
            response: "permessage-deflate; server_max_window_bits=11"),
        Offer(
            lines: ["other; a=1, permessage-deflate; client_max_window_bits=20", "permessage-deflate"],
            response: "permessage-deflate"),
        Offer(
            lines: ["permessage-deflate"], preferences: PerMessageDeflate.Preferences(),
            response: "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        Offer(
            lines: ["permessage-deflate; client_max_window_bits"], preferences: lean,
            response: "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                + "server_max_window_bits=12; client_max_window_bits=10"),
        Offer(
            lines: ["permessage-deflate; server_max_window_bits=9"], preferences: lean,
            response: "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                + "server_max_window_bits=9"),
    ]

    @Test(arguments: offers) func answersAnOffer(offer: Offer) throws {
        let agreement = PerMessageDeflate.negotiate(
            offers: offer.lines.map { Array($0.utf8) }, preferences: offer.preferences)
        #expect(agreement.map { String(decoding: $0.responseValue, as: UTF8.self) } == offer.response)
    }

    @Test func bothEndsComeToTheSameAgreement() throws {
        for preferences in [lenient, Self.lean, PerMessageDeflate.Preferences()] {
            let value = PerMessageDeflate.offerValue(preferences: preferences)
            let server = try #require(PerMessageDeflate.negotiate(offers: [value], preferences: lenient))
            let client = try #require(
                PerMessageDeflate.agreement(from: [server.responseValue], to: preferences))
            #expect(client == server)
        }
    }

    private let lenient = PerMessageDeflate.Preferences(
        serverNoContextTakeover: false, clientNoContextTakeover: false)

    @Test(arguments: [
        "", "other", "permessage-deflate, permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=14", "permessage-deflate; x",
    ]) func refusesAResponseThatIsNoAnswer(response: String) {
        let preferences = PerMessageDeflate.Preferences(
            serverNoContextTakeover: false, serverMaxWindowBits: 13)
        #expect(PerMessageDeflate.agreement(from: [Array(response.utf8)], to: preferences) == nil)
    }

    /// A decoder with exactly the compressor's window reads back the output for every window. It gets room for one
    /// byte at a time, so that it can look back only into its window.
    @Test(arguments: 8...15, [true, false]) func neverPointsBeyondTheWindow(bits: Int, keepsContext: Bool) {
        var random = SeededGenerator(seed: UInt64(bits))
        let deflater = Deflater(windowBits: bits, keepsContext: keepsContext)
        let strict = StrictDecoder(windowBits: bits)
        for _ in 0..<6 {
            let unit = random.bytes(1 << (bits - 3))
            var message: [UInt8] = []
            while message.count < 3 << bits {
                let end = Int.random(in: 1...unit.count, using: &random)
                message += unit[Int.random(in: 0..<end, using: &random)..<end]
            }
            var output = ByteBuffer()
            deflater.compress(message.span, into: &output)
            if !keepsContext { strict.reset() }
            #expect(strict.decode(output.bytes.array + [0, 0, 0xFF, 0xFF]) == message)
        }
    }

    /// An inflater reads the output of any compressor with a smaller or equal window.
    @Test(arguments: 8...15, 8...15) func inflatesWhatSmallerWindowsMade(made: Int, read: Int) {
        guard made <= read else { return }
        let message = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }
        var output = ByteBuffer()
        Deflater(windowBits: made).compress(message.span, into: &output)
        let agreement = PerMessageDeflate.Agreement(clientMaxWindowBits: read)
        let frame = clientFrame(.binary, output.bytes.array, isCompressed: true)
        #expect(Wire.hear([frame], Setup(compression: agreement)) == [.message(.binary, message)])
    }
}

/// zlib's decoder, with room for a single byte at a time.
private final class StrictDecoder {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init(windowBits: Int) {
        stream.initialize(to: z_stream())
        inflateInit2_(stream, -Int32(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func reset() { inflateReset(stream) }

    func decode(_ input: [UInt8]) -> [UInt8]? {
        var input = input
        var output: [UInt8] = []
        return input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            while true {
                var byte: UInt8 = 0
                let (status, written) = withUnsafeMutablePointer(to: &byte) { byte in
                    stream.pointee.next_out = byte
                    stream.pointee.avail_out = 1
                    return (inflate(stream, Z_SYNC_FLUSH), stream.pointee.avail_out == 0)
                }
                guard status == Z_OK || status == Z_BUF_ERROR else { return nil }
                guard written else { return output }
                output.append(byte)
            }
        }
    }
}
