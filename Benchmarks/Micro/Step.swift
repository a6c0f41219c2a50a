/// The steps by name. Each prepares itself, then does its work `count` times. Comparing two counts cancels out the
/// preparation.
import HTTP
import Primitives
import WebSocket

struct Step: Sendable {
    let name: String
    /// What one repetition does.
    let about: String
    let run: @Sendable (_ count: Int) throws -> Void

    /// An update of about 120 bytes, as a publisher sends it.
    static let line = Array(
        """
        {"topic":"stocks/ACME","data":{"bid":101.25,"ask":101.27,"last":101.26,"size":400,"high":103.5,"low":99.75,\
        "volume":1830200,"open":100.5}}
        """.utf8)

    static let all =
        brokerSteps + [
            Step(name: "json", about: "a line of 140 bytes scanned as JSON") { count in
                for _ in 0..<count {
                    var scanner = JSONScanner(line.span)
                    keep(try scanner.value().count)
                }
            },
            Step(name: "head", about: "a request's head of eight fields parsed") { count in
                let text = Array(
                    """
                    GET /ws?topics=stocks/* HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0\r\n\
                    Accept-Encoding: gzip, deflate\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                    Origin: http://example.com\r\nSec-WebSocket-Version: 13\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
                    """.utf8)
                for _ in 0..<count {
                    var parser = RequestParser()
                    keep(try parser.parse(text.span)?.head.fields.count ?? 0)
                }
            },
            Step(name: "message", about: "a masked message of 140 bytes read and checked") { count in
                var frame = ByteBuffer()
                let start = frame.beginFrame(expectedByteCount: line.count, isMasked: true)
                frame.append(line)
                frame.endFrame(start, opcode: .text, key: MaskKey(bits: 0x1234_5678))
                var reader = MessageReader(role: .server, limits: MessageLimits(), compression: nil)
                let original = frame.array
                var bytes = original
                for _ in 0..<count {
                    // Reading unmasks in place.
                    bytes = original
                    try bytes.withUnsafeMutableBufferPointer {
                        keep(try reader.next($0).consumed)
                    }
                }
            },
            Step(name: "frame", about: "20 encoded updates put into one frame") { count in
                var output = ByteBuffer(capacity: 16 * 1024)
                for _ in 0..<count {
                    let start = output.beginFrame(expectedByteCount: 20 * line.count)
                    for _ in 0..<20 { output.append(line) }
                    output.endFrame(start, opcode: .text)
                    keep(output.count)
                    output.removeAll()
                }
            },
            Step(name: "timer", about: "a deadline set and one that came") { count in
                var now = Instant(nanoseconds: 1_000_000_000)
                var wheel = TimerWheel(now: now)
                var due: [UInt32] = []
                for number in 0..<count {
                    wheel.schedule(UInt32(number % 10_000), at: now + .seconds(10))
                    now = now + .milliseconds(1)
                    due.removeAll(keepingCapacity: true)
                    wheel.expire(now: now, into: &due)
                    keep(due.count)
                }
            },
        ]
}

/// Uses a result, so that the compiler keeps the work.
@inline(never) func keep(_ value: Int) { withExtendedLifetime(value) {} }
