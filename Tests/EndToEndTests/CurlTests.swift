/// The commands that a newcomer types, run as they stand.
import Foundation
import Testing

@Suite struct CurlTests {
    private var url: String { "http://127.0.0.1:\(GatewayProcess.shared.port)" }

    private func curl(_ words: String...) throws -> (status: Int32, output: String) {
        let done = try StartTests.run(
            "/usr/bin/env", ["curl", "-sS", "--max-time", "\(Int(patience))"] + words)
        return (done.status, done.output)
    }

    @Test func aPriceIsPutAndRead() throws {
        let put = try curl("-X", "PUT", "\(url)/topics/curl/ACME", "-d", #"{"price":189.3}"#)
        #expect(JSON(put.output)["version"].int == 1)
        #expect(JSON(try curl("\(url)/topics/curl/ACME").output)["data"]["price"].double == 189.3)
        #expect(
            try curl("-X", "DELETE", "-w", "%{http_code}", "\(url)/topics/curl/none").output.hasSuffix("404"))
    }

    /// More than a kilobyte: curl sends `Expect: 100-continue` first.
    @Test func aLargeBodyIsAskedForFirst() throws {
        let value = "[" + (0..<3000).map { "\($0)" }.joined(separator: ",") + "]"
        let put = try curl(
            "-i", "-H", "Expect: 100-continue", "-X", "PUT", "\(url)/topics/curl/large", "-d", value)
        #expect(put.output.hasPrefix("HTTP/1.1 100 Continue"))
        #expect(put.output.contains("HTTP/1.1 200 OK"))
    }

    @Test func anEventStreamIsShownAsItComes() throws {
        try HTTPProbe.put("curlsse/a", "1")
        // curl ends with 28 when its time is up: it sees a stream end that way.
        let stream = try StartTests.run(
            "/usr/bin/env", ["curl", "-sN", "--max-time", "1", "\(url)/sse?topics=curlsse/*"])
        #expect(stream.status == 28)
        #expect(stream.output.contains("data: {\"topic\":\"curlsse/a\",\"version\":1,"))
        #expect(stream.output.contains("event: live\n"))
    }

    @Test func linesComeFromAFile() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString)")
        let lines = (0..<5000).map { "{\"topic\":\"curlnd/\($0 % 50)\",\"data\":\($0)}" }.joined(
            separator: "\n")
        try Data(lines.utf8).write(to: file)
        defer { unlink(file.path) }
        let sent = try curl(
            "-H", "Content-Type: application/x-ndjson", "-H", "Transfer-Encoding: chunked", "-T", file.path,
            "-X", "POST",
            "\(url)/publish")
        #expect(JSON(sent.output)["accepted"].int == 5000)
        #expect(try HTTPProbe.ask("GET", "/topics/curlnd/49").json["data"].int == 4999)
    }

    @Test func oneConnectionIsUsedForMany() throws {
        let both = try curl(
            "-v", "\(url)/healthz", "\(url)/readyz", "--http1.0", "-H", "Connection: keep-alive")
        #expect(both.output == "ok\nready\n")
    }

    @Test func aWaitingPollIsAnswered() throws {
        let cursor = try Transport.poll.read("curlpoll/a").cursor
        try HTTPProbe.put("curlpoll/a", "7")
        let answer = try curl("\(url)/poll?topics=curlpoll/a&cursor=\(cursor)")
        #expect(JSON(answer.output)["updates"][0]["data"].int == 7)
    }

    /// The commands that `tidegate serve` prints at its start, run one by one.
    @Test func theLinesThatAreSaidAtTheStartWork() throws {
        let process = Process()
        process.executableURL = GatewayProcess.binary
        process.arguments = ["serve", "--set", "publicFolder=", "--port", "0"]
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        var said = ""
        while !said.contains("189.3}'\n") {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty, "\(said)")
            said += String(decoding: piece, as: UTF8.self)
        }
        let lines = said.split(separator: "\n").map { $0.drop { $0 == " " } }
        func typed(_ label: String, _ more: String) throws -> String {
            let line = try #require(lines.first { $0.hasPrefix(label) }).dropFirst(label.count)
            return try StartTests.run("/bin/sh", ["-c", "\(line) \(more)"]).output
        }
        #expect(try typed("publish", "-s").contains("\"version\":1,"))
        #expect(try typed("SSE", "--max-time 1").contains("event: live"))
        #expect(try typed("long poll", "-s").contains("\"cursor\":"))
        let frames = try typed("WebSocket", "-s --max-time 1")
        #expect(frames.contains("\"type\":\"welcome\"") && frames.contains("\"type\":\"live\""))
        #expect(try typed("terminal", "--help").contains("Usage: tidegate watch"))
    }
}
