/// What a log keeps, as `curl`, `tail` and `watch` see it, with a real gateway.
import Foundation
import Testing

@Suite struct KeptUpdatesTests {
    private func gateway(_ publishedCount: Int) throws -> GatewayProcess {
        let gateway = try GatewayProcess(
            #""threads": 1, "topics": { "logs": [ { "pattern": "trades/*", "keep": 10 } ] }"#)
        for number in 1...publishedCount {
            _ = try HTTPProbe.put("trades/ACME", "\(number)", on: gateway)
        }
        return gateway
    }

    private func run(_ gateway: GatewayProcess, _ words: [String]) throws -> [String] {
        let process = Process()
        let output = Pipe()
        process.executableURL = GatewayProcess.binary
        process.arguments = words + ["--url", "http://127.0.0.1:\(gateway.port)"]
        process.environment = GatewayProcess.environment
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func aLogIsReadInPages() throws {
        let gateway = try gateway(25)
        var (read, next) = ([Int](), Int?.some(0))
        while let from = next, read.count < 20 {
            let page = try HTTPProbe.ask(
                "GET", "/log?topic=trades/ACME&from=\(from)&limit=4", on: gateway)
            #expect(page.status == 200 && page.json["first"].int == 16)
            read += page.json["updates"].list.compactMap { $0["version"].int }
            next = page.json["next"].int
        }
        #expect(read == Array(16...25))
        let back = try HTTPProbe.ask("GET", "/log?topic=trades/ACME&before=20&limit=2", on: gateway)
        #expect(back.json["updates"].list.map { $0["data"].int } == [18, 19])
        #expect(try HTTPProbe.ask("GET", "/log?topic=trades/none", on: gateway).status == 404)
    }

    @Test(arguments: ["ws", "sse", "poll"]) func tailBeginsWithTheLast(transport: String) throws {
        let gateway = try gateway(25)
        func data(_ words: String...) throws -> [Int?] {
            try run(gateway, ["tail", "--json", "--transport", transport] + words).map {
                JSON($0)["data"].int
            }
        }
        #expect(try data("--last", "3", "--count", "3", "trades/*") == [23, 24, 25])
        #expect(try data("--count", "10", "trades/*") == Array(16...25))
        #expect(try data("--last", "99", "--count", "10", "trades/ACME") == Array(16...25))
        // Names that no URL has room for.
        let many = (0..<300).map { "other/of/many/\($0)" }
        #expect(
            try run(
                gateway,
                ["tail", "--json", "--transport", transport, "--last", "2", "--count", "2", "trades/*"] + many
            ).map { JSON($0)["data"].int } == [24, 25])
    }

    @Test func aNumberThatIsNoneIsRefused() throws {
        let process = Process()
        process.executableURL = GatewayProcess.binary
        process.arguments = ["tail", "--last", "-1"]
        process.environment = GatewayProcess.environment
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
    }
}
