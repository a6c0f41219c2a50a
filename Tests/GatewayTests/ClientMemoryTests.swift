import Broker
import Primitives
import Testing

@testable import Gateway

/// What a loop holds for clients has a limit; at it, what is new is refused and what is served goes on.
@Suite struct ClientMemoryTests {
    private static let upgrade =
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    private func post(_ byteCount: Int, _ body: String, type: String = "application/json") -> String {
        "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(byteCount)\r\n\r\n\(body)"
    }

    /// A loop that holds a byte more than it may.
    private func fill(_ stage: FrontEndStage) {
        stage.work.memory.limit = stage.work.clientByteCount
        stage.work.memory.change(from: HeldBytes(), to: HeldBytes(requests: 1))
    }

    @Test(arguments: ["/poll?topics=a", "/topics", "/topics/a", "/log?topic=a", "/", "/page.js"])
    func whatIsNewIsRefused(path: String) throws {
        let stage = FrontEndStage()
        try stage.publish("a", "1")
        fill(stage)
        let answer = stage.receive(get(path))
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains(#""code":"overloaded""#))
        #expect(answer.firstMatch(of: /Retry-After: [1-5]\r\n/) != nil)
        // The connection goes on, and so does the service when there is memory again.
        #expect(stage.connection.endReason == nil && stage.frontEnd.isReading)
        stage.work.memory.limit += 10_000
        #expect(!stage.receive(get(path)).contains("overloaded"))
    }

    @Test func anUpgradeIsRefused() {
        let stage = FrontEndStage()
        fill(stage)
        #expect(stage.receive(Self.upgrade).hasPrefix("HTTP/1.1 503 "))
    }

    @Test func operatorsAndWholePublishesAreServed() throws {
        let stage = FrontEndStage { $0.operations.connections = .on }
        fill(stage)
        for path in ["/healthz", "/metrics", "/stats"] {
            #expect(stage.receive(get(path)).hasPrefix("HTTP/1.1 200 "), "\(path)")
        }
        let body = #"{"topic":"a","data":1}"#
        #expect(stage.receive(post(body.utf8.count, body)).hasPrefix("HTTP/1.1 200 "))
        let lines = body + "\n" + body + "\n"
        #expect(
            stage.receive(post(lines.utf8.count, lines, type: "application/x-ndjson")).contains(
                #""accepted":2"#))
    }

    @Test func aBodyThatHasToBeHeldIsRefusedAsSoonAsItGrows() {
        for type in ["application/json", "application/x-ndjson"] {
            let stage = FrontEndStage()
            #expect(stage.receive(post(9000, "[" + String(repeating: " ", count: 1000), type: type)).isEmpty)
            #expect(stage.frontEnd.heldByteCount >= 1001)
            fill(stage)
            // A little is let through; more is not.
            #expect(stage.receive(String(repeating: " ", count: 1000)).isEmpty)
            let answer = stage.receive(String(repeating: " ", count: 1000))
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Connection: close\r\n"))
            #expect(stage.connection.endReason == .refused && stage.frontEnd.heldByteCount == 0)
        }
    }

    @Test func aLongHeadThatIsNotWholeIsRefused() {
        let stage = FrontEndStage()
        fill(stage)
        #expect(stage.receive("GET /healthz HTTP/1.1\r\nHost: x\r\n").isEmpty)
        #expect(stage.receive("X: " + String(repeating: "y", count: 3000)).hasPrefix("HTTP/1.1 503 "))
        #expect(stage.connection.endReason == .refused)
    }

    @Test func aSubscribeIsRefusedAndWhatIsCoveredIsServed() throws {
        let stage = FrontEndStage()
        _ = stage.receive(Self.upgrade)
        _ = stage.receive(message: #"{"type":"subscribe","topics":["a"],"id":1}"#)
        _ = stage.flush()
        fill(stage)
        let refusal = stage.receive(message: #"{"type":"subscribe","topics":["b"],"id":2}"#)
        #expect(refusal.contains(#""type":"error","id":2,"code":"overloaded""#))
        try stage.publish("a", "1")
        try stage.publish("b", "1")
        let updates = stage.flush()
        #expect(updates.contains(#""topic":"a""#) && !updates.contains(#""topic":"b""#))
        #expect(stage.receive(message: #"{"type":"unsubscribe","topics":["a"]}"#).contains("unsubscribed"))
    }

    /// A cursor that comes before that answer would cover what the reader was not sent.
    @Test func anUnsubscribeIsAnsweredBeforeAGoodbye() throws {
        let stage = FrontEndStage()
        _ = stage.receive(Self.upgrade)
        stage.receive(message: #"{"type":"subscribe","topics":["*"]}"#)
        for number in 0..<20 { try stage.publish("t\(number)", "1") }
        _ = stage.flush()
        stage.work.replica.visitSteps = 1
        #expect(stage.receive(message: #"{"type":"unsubscribe","topics":["*"]}"#).isEmpty)
        while stage.work.replica.hasWalks { stage.follow() }
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        let said = stage.said()
        let types = said.matches(of: /"type":"(\w+)"/).map { $0.output.1 }
        #expect(types == ["unsubscribed", "goodbye"])
    }

    @Test func aMessageThatHasToBeHeldEndsItsConnection() {
        let stage = FrontEndStage()
        _ = stage.receive(Self.upgrade)
        let header: [UInt8] = [0x81, 0xFE, 0x40, 0, 0, 0, 0, 0]
        stage.receive(unread: header + [UInt8](repeating: 0x20, count: 1500))
        #expect(stage.said().isEmpty && stage.frontEnd.heldByteCount >= 1500)
        fill(stage)
        stage.receive(unread: [UInt8](repeating: 0x20, count: 1500))
        let said = stage.saidBytes()
        #expect(String(decoding: said, as: UTF8.self).contains(#""code":"overloaded""#))
        // A close frame with 1013.
        let close: [UInt8] = [0x88, 12, 0x03, 0xF5] + Array("overloaded".utf8)
        #expect(Array(said.suffix(close.count)) == close)
    }

    @Test func pressureRisesInSteps() {
        let pressures = [100, 101, 125, 126].map { MemoryPressure($0, of: 100) }
        #expect(pressures == [.none, .high, .high, .severe])
    }

    // MARK: The machine's memory

    private func memory(_ files: [String: String]) -> Int { MachineMemory.byteCount { files[$0] } }

    @Test func theMachinesMemoryIsTheLeastThatSomethingAllows() {
        let machine = ["/proc/meminfo": "MemTotal:       16384 kB\nMemFree:         1 kB\n"]
        func with(_ files: [String: String]) -> Int { memory(machine.merging(files) { $1 }) }
        #expect(memory([:]) == 1 << 30)
        #expect(with([:]) == 16 << 20)
        let second = ["/proc/self/cgroup": "0::/a/b.service\n"]
        #expect(with(second.merging(["/sys/fs/cgroup/a/b.service/memory.max": "max\n"]) { $1 }) == 16 << 20)
        #expect(with(second.merging(["/sys/fs/cgroup/a/b.service/memory.max": "4096\n"]) { $1 }) == 4096)
        // The group around it, and in a container the root of what is seen.
        #expect(with(second.merging(["/sys/fs/cgroup/a/memory.max": "8192\n"]) { $1 }) == 8192)
        #expect(with(second.merging(["/sys/fs/cgroup/memory.max": "8193\n"]) { $1 }) == 8193)
        let first = ["/proc/self/cgroup": "12:cpu,cpuacct:/x\n3:memory:/docker/1\n"]
        let limit = "/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes"
        #expect(with(first.merging([limit: "5000\n"]) { $1 }) == 5000)
        #expect(with(first.merging([limit: "9223372036854771712\n"]) { $1 }) == 16 << 20)
    }

    @Test func aQuarterOfItIsTheDefault() {
        let stage = FrontEndStage { $0.threadCount = 2 }
        #expect(stage.work.memory.limit == MachineMemory.byteCount / 4 / 2)
        #expect(FrontEndStage { $0.memory.clientByteCount = 1000 }.work.memory.limit == 1000)
    }
}
