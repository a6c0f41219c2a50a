import Primitives
import TestSupport
import Testing

@testable import Transport

/// The PROXY protocol as its specification has it, cut at every byte.
@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], count: Int? = nil)
        -> [UInt8]
    {
        let count = count ?? rest.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 0xFF)] + rest
    }

    private func parse(_ bytes: [UInt8]) throws -> ProxyHeader? { try ProxyHeader.parse(bytes.span) }

    private static let six: [UInt8] = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]

    static let headers: [(bytes: [UInt8], source: ProxyHeader.Source)] = [
        // §2.1: the example, and the longest lines.
        (
            Array("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n".utf8),
            .address([192, 168, 0, 1], port: 56324)
        ),
        (
            Array("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".utf8),
            .address([255, 255, 255, 255], port: 65535)
        ),
        (
            Array(
                "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
                    .utf8), .address([UInt8](repeating: 0xFF, count: 16), port: 65535)
        ),
        (Array("PROXY TCP6 2001:db8::7 ::1 0 443\r\n".utf8), .address(six, port: 0)),
        (Array("PROXY UNKNOWN\r\n".utf8), .unknown),
        (
            Array(
                "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
                    .utf8), .unknown
        ),
        // §2.2
        (
            binary(0x21, 0x11, [10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80]),
            .address([10, 0, 0, 1], port: 0x1234)
        ),
        (binary(0x21, 0x21, six + six.reversed() + [0xFF, 0xFE, 1, 187]), .address(six, port: 0xFFFE)),
        (
            binary(0x21, 0x11, [10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80] + [0x04, 0, 2, 9, 9]),
            .address([10, 0, 0, 1], port: 0x1234)
        ),
        (binary(0x20, 0x00, []), .proxy),
        // Of LOCAL all that stands behind is passed over.
        (binary(0x20, 0x11, [10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80]), .proxy),
        (binary(0x20, 0xFF, [1, 2, 3]), .proxy),
        (binary(0x21, 0x00, []), .unknown), (binary(0x21, 0x00, [1, 2, 3]), .unknown),
        (binary(0x21, 0x31, [UInt8](repeating: 1, count: 216)), .unknown),
        (binary(0x20, 0x00, [UInt8](repeating: 1, count: ProxyHeader.binaryLimit)), .proxy),
    ]

    @Test func readsEachHowEverItIsCut() throws {
        for (bytes, source) in Self.headers {
            let wanted = ProxyHeader(source: source, byteCount: bytes.count)
            for (first, _) in everyCut(bytes) {
                let header = try parse(first)
                #expect(header == (first.count == bytes.count ? wanted : nil), "\(bytes)")
            }
            #expect(try parse(bytes + Array("GET / HTTP/1.1\r\n\r\n".utf8)) == wanted)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
        "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
        "PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n",
        "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY \r\n", "PROXY UNKNOWNX\r\n", "PROXY \n",
        "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n",
        "PROXY UNKNOWN" + String(repeating: " ", count: 200),
    ]) func refusesOtherLines(text: String) {
        #expect(throws: ProxyHeader.Malformed.self) { try parse(Array(text.utf8)) }
    }

    @Test(
        arguments: [
            binary(0x11, 0x11, [UInt8](repeating: 0, count: 12)),
            binary(0x22, 0x11, [UInt8](repeating: 0, count: 12)),
            binary(0x21, 0x12, [UInt8](repeating: 0, count: 12)), binary(0x21, 0x41, []),
            binary(0x21, 0x11, [1, 2, 3]),
            binary(0x21, 0x21, [UInt8](repeating: 0, count: 35)),
            binary(0x21, 0x31, [UInt8](repeating: 0, count: 215)),
            binary(0x20, 0, [], count: ProxyHeader.binaryLimit + 1), binary(0x21, 0x11, [], count: 65_535),
            [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0B], [0x0D, 0x0D],
            [0x16, 3, 1],
        ] as [[UInt8]]) func refusesOtherBytes(bytes: [UInt8])
    {
        #expect(throws: ProxyHeader.Malformed.self) { try parse(bytes) }
    }

    /// Any bytes are a header, the beginning of one, or none; and no beginning is longer than the longest header.
    @Test func isTotal() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            var bytes = Self.headers.randomElement(using: &generator)?.bytes ?? []
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            do {
                let header = try parse(bytes)
                #expect(
                    header.map { $0.byteCount <= bytes.count } ?? (bytes.count < 16 + ProxyHeader.binaryLimit)
                )
            } catch is ProxyHeader.Malformed {}
        }
    }
}
