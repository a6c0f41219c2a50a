// Bytes a nanosecond of the codecs that read every byte of a WebSocket message, compared with a plain loop, and the
// effect of deflate on quotes: swift run -c release CodecBenchmarks

import Primitives
import WebSocket

@inline(never)
func naiveMask(_ key: UInt32, _ bytes: UnsafeMutableBufferPointer<UInt8>) {
    for index in bytes.indices { bytes[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(index % 4 * 8)) }
}

/// The well-formed sequences of RFC 3629 §4, one byte at a time.
@inline(never)
func naiveIsValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var missing = 0
    var allowed: ClosedRange<UInt8> = 0x80...0xBF
    for byte in bytes {
        if missing > 0 {
            guard allowed.contains(byte) else { return false }
            allowed = 0x80...0xBF
            missing -= 1
            continue
        }
        switch byte {
        case 0x00...0x7F: continue
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { allowed = 0xA0...0xBF }
            if byte == 0xED { allowed = 0x80...0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { allowed = 0x90...0xBF }
            if byte == 0xF4 { allowed = 0x80...0x8F }
        default: return false
        }
    }
    return missing == 0
}

/// The best of several runs, so that a neighbour's work does not count.
func bytesPerNanosecond(_ byteCount: Int, _ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    let rounds = max(1, (1 << 22) / byteCount)
    var best = Duration.seconds(1_000)
    for _ in 0..<20 {
        best = min(best, clock.measure { for _ in 0..<rounds { body() } })
    }
    let nanoseconds = Double(best.components.attoseconds) / 1e9
    return Double(byteCount * rounds) / nanoseconds
}

func report(_ name: String, _ byteCount: Int, ours: () -> Void, naive: () -> Void) {
    let rates = (bytesPerNanosecond(byteCount, ours), bytesPerNanosecond(byteCount, naive))
    func shown(_ rate: Double) -> String { "\((rate * 100).rounded() / 100)" }
    print("\(name), \(byteCount) bytes: \(shown(rates.0)) bytes/ns, byte by byte \(shown(rates.1))")
}

var checksum = 0
let update = "{\"topic\":\"stocks/AAPL\",\"version\":7,\"data\":{\"price\":189.3}}"
for byteCount in [32, 58, 128, 1_024, 16_384] {
    let ascii = Array(Array(repeating: update, count: byteCount / update.utf8.count + 1).joined().utf8)
    let greek = Array(String(repeating: "κόσμε 日本語 ", count: byteCount / 16).utf8)
    var payload = Array(ascii.prefix(byteCount))
    payload.withUnsafeMutableBufferPointer { bytes in
        let key = MaskKey(bits: 0x3D21_FA37)
        report("unmask", byteCount) {
            Masking.apply(key, to: bytes)
        } naive: {
            naiveMask(key.bits, bytes)
        }
    }
    for (name, text) in [
        ("UTF-8, ASCII", Array(ascii.prefix(byteCount))), ("UTF-8, Greek and Japanese", greek),
    ] {
        text.withUnsafeBufferPointer { bytes in
            report(name, bytes.count) {
                checksum += UTF8Validator.isValid(bytes) ? 1 : 0
            } naive: {
                checksum += naiveIsValid(bytes) ? 1 : 0
            }
        }
    }
}

/// A client's frame through a reader, masked again each time: the whole cost of a message.
func reportReader() {
    let key = MaskKey(bits: 0x3D21_FA37)
    var frame = ByteBuffer()
    frame.append(frame: .text, payload: Array(update.utf8).span, key: key)
    var input = frame.bytes.array
    var reader = MessageReader(role: .server)
    let rate = input.withUnsafeMutableBufferPointer { buffer in
        let payload = UnsafeMutableBufferPointer(rebasing: buffer[6...])
        return bytesPerNanosecond(buffer.count) {
            guard let step = try? reader.next(buffer), step.consumed == buffer.count else { fatalError() }
            Masking.apply(key, to: payload)
        }
    }
    print("a text message of \(update.utf8.count) bytes, read: \((Double(input.count) / rate).rounded()) ns")
}

reportReader()
try reportDeflating()
precondition(checksum > 0)
