/// What `tidegate tail`, `topics` and `publish` say of values that grow old, with a real gateway.
import Foundation
import Testing

@Suite struct StalenessCommandTests {
    private static let settings = #"""
        "threads": 1, "topics": { "stale": [ { "pattern": "old/*", "seconds": 0.2 } ] }
        """#

    /// A command whose output the test reads line by line.
    private final class Command {
        private let process = Process()
        private let output = Pipe()
        private var pending = Data()

        init(_ gateway: GatewayProcess, _ words: [String]) throws {
            process.executableURL = GatewayProcess.binary
            process.arguments = words + ["--url", "http://127.0.0.1:\(gateway.port)"]
            process.environment = GatewayProcess.environment
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        deinit {
            // It inherits a mask that holds back all signals but this one.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        /// The next line, which may yet have to be written. What ends is not waited for: a child of another test may hold
        /// the same pipe open.
        func line() -> String? {
            while true {
                if let end = pending.firstIndex(of: 10) {
                    defer { pending = Data(pending[(end + 1)...]) }
                    return String(decoding: pending[..<end], as: UTF8.self)
                }
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { return nil }
                pending += more
            }
        }

        func lines(_ count: Int) -> [String] { (0..<count).compactMap { _ in line() } }

        func status() -> Int32 {
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private func publish(_ gateway: GatewayProcess, _ words: String...) throws {
        #expect(try Command(gateway, ["publish"] + words).status() == 0)
    }

    @Test(arguments: ["ws", "sse", "poll"]) func tailTellsWhatGrowsStale(transport: String) throws {
        let gateway = try GatewayProcess(Self.settings)
        try publish(gateway, "old/a", "1", "--at", "1764000000123")
        let tail = try Command(gateway, ["tail", "old/*", "--stale", "--json", "--transport", transport])
        let first = JSON(try #require(tail.line()))
        #expect(first["at"].int == 1_764_000_000_123 && first["data"].int == 1)
        let told = JSON(try #require(tail.line()))
        #expect(told.names == ["type", "topic", "since"])
        #expect(told["type"].string == "stale" && told["topic"].string == "old/a")
        #expect(try #require(told["since"].int) >= (try #require(first["time"].int)) + 200)
        try publish(gateway, "old/a", "2")
        #expect(JSON(try #require(tail.line()))["data"].int == 2)
        #expect(JSON(try #require(tail.line()))["type"].string == "stale")
    }

    @Test func tailTellsItInWordsAndOnlyWhenAsked() throws {
        let gateway = try GatewayProcess(Self.settings)
        try publish(gateway, "old/a", "1")
        let words = try Command(gateway, ["tail", "--stale"])
        let quiet = try Command(gateway, ["tail", "--json", "--count", "2"])
        #expect(JSON(try #require(quiet.line()))["data"].int == 1)
        #expect(try #require(words.line()).hasSuffix("  old/a  v1  1"))
        let stale = try #require(words.line())
        #expect(stale.wholeMatch(of: /\d\d:\d\d:\d\d\.\d{3}  old\/a  stale/) != nil, "\(stale)")
        try publish(gateway, "old/a", "2")
        #expect(quiet.lines(1).map { JSON($0)["data"].int } == [2])
    }

    @Test func aValueWithATimeToLiveExpires() throws {
        let gateway = try GatewayProcess(Self.settings)
        try publish(gateway, "brief/a", "1")
        let tail = try Command(gateway, ["tail", "brief/*", "--count", "3"])
        #expect(tail.line()?.hasSuffix("brief/a  v1  1") == true)
        try publish(gateway, "brief/a", "2", "--ttl", "0.1")
        #expect(tail.line()?.hasSuffix("brief/a  v2  2") == true)
        #expect(tail.lines(1).map { $0.hasSuffix("brief/a  v3  expired") } == [true])
    }

    @Test func topicsSaysWhichAreStale() throws {
        let gateway = try GatewayProcess(Self.settings)
        let tail = try Command(gateway, ["tail", "--stale", "--json"])
        try publish(gateway, "old/a", "1")
        while let line = tail.line(), JSON(line)["type"].string != "stale" {}
        let hourAgo = UInt64(Date.now.timeIntervalSince1970 * 1000) - 3_600_000
        try publish(gateway, "other/b", #"{"x":"y"}"#, "--at", "\(hourAgo)")
        let lines = try Command(gateway, ["topics"]).lines(2)
        #expect(lines.count == 2)
        #expect(lines.first?.wholeMatch(of: /old\/a    v1 +\d+s  stale  1/) != nil, "\(lines)")
        #expect(lines.last?.wholeMatch(of: /other\/b  v1 +1h +{"x":"y"}/) != nil, "\(lines)")
        let listed = try Command(gateway, ["topics", "--json"]).lines(2).map { JSON($0) }
        #expect(listed.first?["stale"].bool == true && listed.first?.names.contains("age") == true)
        #expect(listed.last?.names.contains("stale") == false)
    }

    @Test func linesSayTheirTimeToLiveThemselves() throws {
        let gateway = try GatewayProcess(Self.settings)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(#"{"topic":"brief/b","data":1,"ttl":0.1,"at":7}"#.utf8).write(to: file)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        try publish(gateway, "brief/b", "0")
        let tail = try Command(gateway, ["tail", "brief/*", "--json", "--count", "3"])
        #expect(JSON(try #require(tail.line()))["data"].int == 0)
        try publish(gateway, "--ndjson", file.path)
        let updates = tail.lines(2).map { JSON($0) }
        #expect(updates.first?["at"].int == 7 && updates.last?.names.contains("expired") == true)
        #expect(try Command(gateway, ["publish", "--ndjson", file.path, "--ttl", "5"]).status() == 2)
    }
}
