/// The size and the cost of a message at each of zlib's levels, alone and with a history.
import Primitives
import WebSocket

func reportDeflating() throws {
    for updateCount in [2, 10, 50] {
        let messages = try quoteMessages(updateCount: updateCount, messageCount: 500)
        let byteCount = messages.reduce(0) { $0 + $1.count }
        for keepsContext in [false, true] {
            for level in [1, 3, 6, 9] {
                let deflater = Deflater(keepsContext: keepsContext, level: level)
                var output = ByteBuffer()
                var compressedByteCount = 0
                let start = Instant.now()
                for message in messages {
                    output.removeAll()
                    deflater.compress(message.span, into: &output)
                    compressedByteCount += output.count
                }
                let microseconds = Double(Instant.now().since(start).nanoseconds) / 1e3
                let time = (microseconds / Double(messages.count) * 10).rounded() / 10
                let left = (1000 * Double(compressedByteCount) / Double(byteCount)).rounded() / 10
                print(
                    "deflate, \(byteCount / messages.count) bytes, level \(level),",
                    keepsContext ? "with history:" : "alone:", "\(left) % left, \(time) µs")
            }
        }
    }
}
