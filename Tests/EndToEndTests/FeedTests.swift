/// Feeds in the real process: what others wrote into their files costs no more than it must.
import Foundation
import Testing

@Suite struct FeedTests {
    /// A gateway whose replay feed plays `text`, all of it at once.
    private func gateway(playing text: String, _ settings: String = "", _ members: String = "") throws
        -> GatewayProcess
    {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        let gateway = try GatewayProcess(
            #"\#(members) "feeds": { "replay": { "file": "\#(file.path)", "topic": "r/{symbol}"\#(settings) } }"#,
            startsFeeds: true)
        _ = gateway.logLine(saying: "feed ended")
        unlink(file.path)
        return gateway
    }

    private func topics(_ gateway: GatewayProcess) throws -> [String] {
        try HTTPProbe.ask("GET", "/topics", on: gateway).json["updates"].list.map {
            "\($0["topic"].string ?? "")=\($0["data"]["x"].int ?? -1)"
        }
    }

    @Test func aBadRowIsSkippedAndCounted() throws {
        let gateway = try gateway(
            playing: "time,symbol,x\n1,ACME,1\n1,BRK B,2\n1,ACME\n\"1,ACME,3\nnow,ACME,4\n1,ZED,5")
        #expect(try topics(gateway) == ["r/ACME=1", "r/BRK%20B=2", "r/ZED=5"])
        #expect(try HTTPProbe.ask("GET", "/topics/r/BRK%2520B", on: gateway).status == 200)

        let lines = gateway.logText.split(separator: "\n").map { JSON(String($0)) }
        let skipped = lines.filter { $0["event"].string == "a feed skipped what it can't use" }
        try #require(skipped.count == 1)
        #expect(skipped[0]["level"].string == "warning")
        #expect(skipped[0]["feed"].string == "replay" && skipped[0]["skipped"].int == 3)
        #expect(skipped[0]["reason"].string?.hasSuffix(":4: the header has 3 columns, this row 2") == true)
        let ended = lines.first { $0["event"].string == "feed ended" }
        #expect(ended?["skipped"].int == 3 && ended?["reason"].string == "it is over")

        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
        #expect(stats["feeds"]["replay"].int == 3 && stats["feedsSkipped"]["replay"].int == 3)
        let metrics = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        #expect(metrics.contains("\ntidegate_feed_skipped_total{feed=\"replay\"} 3\n"))
    }

    @Test func aFeedMayEndWithIt() throws {
        let gateway = try gateway(
            playing: "time,symbol,x\n1,ACME,1\n1,ACME\n1,ZED,5\n", #", "onBadRow": "end""#)
        #expect(try topics(gateway) == ["r/ACME=1"])
        let ended = JSON(gateway.logLine(saying: "feed ended") ?? "")
        #expect(ended["reason"].string?.hasSuffix(":3: the header has 3 columns, this row 2") == true)
    }

    /// The batch is refused whole, because of what is one topic too many.
    @Test func whatIsRefusedTakesNothingWithIt() throws {
        let gateway = try gateway(
            playing: "time,symbol,x\n1,a,1\n1,b,2\n1,c,3\n1,a,4\n1,d,5\n", "", #""topics": { "limit": 2 },"#)
        #expect(try topics(gateway) == ["r/a=4", "r/b=2"])
        let refused = gateway.logText.split(separator: "\n").filter { $0.contains("updates were refused") }
        #expect(refused.count == 1 && JSON(String(refused[0]))["skipped"].int == 2)
        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
        #expect(stats["feeds"]["replay"].int == 3 && stats["feedsSkipped"]["replay"].int == 2)
    }

    @Test func onBadRowIsOneOfTwo() throws {
        let checked = try StartTests.check(
            #"{"feeds": {"replay": {"file": "x", "onBadRow": "stop"}}}"#)
        #expect(
            checked.errors.contains(#"feeds.replay.onBadRow: found "stop" (a string), one of "skip", "end""#))
    }
}
