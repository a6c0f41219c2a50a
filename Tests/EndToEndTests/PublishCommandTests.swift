/// `tidegate publish` with lines, while gateways come and go.
import Foundation
import Testing

@Suite struct PublishCommandTests {
    private static let settings = #"""
        "threads": 1, "drain": { "spread": 0, "deadline": 60 }, "http": { "requestTimeout": 60 },
        "topics": { "logs": [ { "pattern": "numbers", "keep": 100000 } ] }
        """#

    /// The real command, whose source the test writes.
    private final class Command {
        private let process = Process()
        private let source = Pipe()
        private let output = Pipe()
        private let errors = Pipe()

        init(_ gateway: GatewayProcess, _ words: [String] = []) throws {
            process.executableURL = GatewayProcess.binary
            process.arguments = ["publish", "--url", "http://127.0.0.1:\(gateway.port)", "--ndjson"] + words
            process.environment = GatewayProcess.environment
            process.standardInput = source
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        /// Writes lines of these numbers on a thread of its own, because the command may stop reading; then ends the source.
        func write(_ numbers: ClosedRange<Int>) {
            let end = source.fileHandleForWriting
            Thread.detachNewThread {
                for number in numbers { end.write(Data("{\"topic\":\"numbers\",\"data\":\(number)}\n".utf8)) }
                do { try end.close() } catch { Issue.record(error) }
            }
        }

        func write(_ number: Int) {
            source.fileHandleForWriting.write(Data("{\"topic\":\"numbers\",\"data\":\(number)}\n".utf8))
        }

        /// The next words that it says on standard error.
        func complaint() -> String {
            String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        }

        func result() -> (status: Int32, output: String, errors: String) {
            let said = output.fileHandleForReading.readDataToEndOfFile()
            let complained = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (
                process.terminationStatus, String(decoding: said, as: UTF8.self),
                String(decoding: complained, as: UTF8.self)
            )
        }
    }

    private func numbers(on gateway: GatewayProcess) throws -> [Int] {
        try Transport.webSocket.read("numbers", on: gateway).updates.compactMap { $0.data.int }
    }

    /// Every number is at one of the two gateways, once: a version counts the updates, and the second log has the rest.
    @Test func aRestartLosesAndDoublesNoLine() throws {
        let count = 30_000
        let first = try GatewayProcess(Self.settings)
        let reader = try WebSocketProbe("topics=numbers", [], first)
        let late = try HTTPProbe(first)
        // Begun before the drain, so that it may be ended while the gateway drains.
        try late.socket.send("GET /topics/numbers HTTP/1.1\r\n")
        let command = try Command(first)
        command.write(1...count)
        _ = try reader.updates { _ in true }
        first.signal(SIGTERM)

        let cut = command.complaint()
        #expect(cut.contains("draining"))
        try late.socket.send("Host: localhost\r\n\r\n")
        let last = try late.answer().json
        late.socket.close()
        reader.socket.close()
        #expect(try first.exitStatus() == 0)
        let before = try #require(last["data"].int)
        #expect(last["version"].int == before && before < count)
        #expect(cut.contains(" again to another.; going on with line \(before + 1) in "))

        let second = try GatewayProcess(Self.settings, port: first.port)
        let result = command.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "{\"accepted\":\(count)}\n")
        #expect(try numbers(on: second).elementsEqual((before + 1)...count))
    }

    /// Nobody knows what became of the last line. It is sent again, and a gateway that has kept it does not publish it again.
    @Test(arguments: [false, true]) func aGatewayThatDiesLosesNoLineAndDoublesNone(keeps: Bool) throws {
        let kept = keeps ? ", \"storage\": { \"folder\": \"data\" }" : ""
        let first = try GatewayProcess(Self.settings + kept)
        let reader = try WebSocketProbe("topics=numbers", [], first)
        let command = try Command(first)
        command.write(1)
        _ = try reader.updates { _ in true }
        first.signal(SIGKILL)
        _ = try first.exitStatus()
        #expect(command.complaint().contains("going on with line 1 in"))
        let place = first.folder.appendingPathComponent("data").path
        let second = try GatewayProcess(
            Self.settings + (keeps ? ", \"storage\": { \"folder\": \"\(place)\" }" : ""), port: first.port)
        command.write(2...2)
        let result = command.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "{\"accepted\":2}\n")
        #expect(try numbers(on: second) == [1, 2])
    }
}
