/// Feeds that a reload starts, stops and changes one by one.
import Foundation
import Testing

@Suite struct FeedReloadTests {
    private static let market = #""kind": "market", "symbols": 2, "rate": 100"#

    /// Settings with these feeds, each a name and its members.
    private static func members(_ feeds: [String: String], _ more: String = "") -> String {
        let list = feeds.map { #""\#($0.key)": { \#($0.value) }"# }.joined(separator: ", ")
        return #""drain": { "spread": 0 }, \#(more) "feeds": { \#(list) }"#
    }

    private func start(_ feeds: [String: String], _ more: String = "", startsFeeds: Bool = true) throws
        -> GatewayProcess
    {
        try GatewayProcess(Self.members(feeds, more), startsFeeds: startsFeeds)
    }

    private func reload(_ gateway: GatewayProcess, _ feeds: [String: String], _ more: String = "") throws
        -> HTTPAnswer
    {
        try gateway.write(Self.members(feeds, more))
        return try HTTPProbe.ask("POST", "/operations/reload", body: "", on: gateway)
    }

    private func changed(_ answer: HTTPAnswer) -> [String?] { answer.json["changed"].list.map(\.string) }

    /// How often the log says that of the feed.
    private func count(_ event: String, _ feed: String, _ gateway: GatewayProcess) -> Int {
        gateway.logText.split(separator: "\n").map { JSON(String($0)) }
            .count { $0["event"].string == event && $0["feed"].string == feed }
    }

    /// A line may come a moment after the answer to the reload of which it tells.
    private func wait(for event: String, _ feed: String, times: Int = 1, _ gateway: GatewayProcess) throws {
        _ = try eventually("\(feed): \(event)") { count(event, feed, gateway) >= times ? true : nil }
        #expect(count(event, feed, gateway) == times)
    }

    /// The lines of `/metrics` that count the feed's updates.
    private func rows(_ feed: String, _ gateway: GatewayProcess) throws -> [Substring] {
        try HTTPProbe.ask("GET", "/metrics", on: gateway).text.split(separator: "\n")
            .filter { $0.hasPrefix(#"tidegate_feed_updates_total{feed="\#(feed)"}"#) }
    }

    private func published(_ feed: String, _ gateway: GatewayProcess) throws -> Int {
        try HTTPProbe.ask("GET", "/stats", on: gateway).json["feeds"][feed].int ?? -1
    }

    private func waitForUpdates(_ feed: String, beyond count: Int = 0, _ gateway: GatewayProcess) throws {
        _ = try eventually("\(feed) publishes") { try published(feed, gateway) > count ? true : nil }
    }

    /// Its rows come in order and without a gap, whatever is done to the others meanwhile.
    @Test func oneThatIsTheSameGoesOn() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv")
        defer { unlink(file.path) }
        try Data(("symbol,x\n" + (0..<100_000).map { "a,\($0)\n" }.joined()).utf8).write(to: file)
        let rows = #""kind": "replay", "file": "\#(file.path)", "topic": "rows/{symbol}", "rate": 500"#
        let logs = #""topics": { "logs": [ { "pattern": "rows/*", "keep": 100000 } ] },"#
        let gateway = try start(["rows": rows, "other": Self.market], logs)
        let reader = try WebSocketProbe("topics=rows/*", [], gateway)
        _ = try reader.snapshot()
        var numbers: [Int] = []
        func read(to target: Int) throws {
            while numbers.last ?? -1 < target {
                numbers += try reader.next("updates")["updates"].list.map { $0["data"]["x"].int ?? -1 }
            }
        }
        try read(to: 0)
        for round in 1...5 {
            // What is said in other words is the same.
            let same = rows + #", "loop": false, "enabled": true"#
            let answer = try reload(
                gateway, ["rows": same, "other": Self.market + #", "seed": \#(round + 1)"#], logs)
            #expect(changed(answer) == ["feeds.other"])
            try read(to: (numbers.last ?? 0) + 20)
        }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 }, "\(numbers)")
        try wait(for: "feed started", "other", times: 6, gateway)
        #expect(count("feed started", "rows", gateway) == 1)
    }

    @Test func oneThatHasChangedIsStartedAnew() throws {
        let gateway = try start(["sim": Self.market + #", "prefix": "one""#])
        try waitForUpdates("sim", gateway)
        let before = try published("sim", gateway)
        let answer = try reload(gateway, ["sim": Self.market + #", "prefix": "two""#])
        #expect(changed(answer) == ["feeds.sim"] && answer.json["restart"].list.isEmpty)
        let reader = try WebSocketProbe("topics=two/*", [], gateway)
        _ = try reader.snapshot()
        _ = try reader.updates { _ in true }
        #expect(try rows("sim", gateway).count == 1)
        #expect(try published("sim", gateway) > before)
        try wait(for: "feed stopped", "sim", gateway)
    }

    @Test func someComeAndSomeGo() throws {
        let many = #""kind": "market", "symbols": 2, "rate": 20000"#
        let gateway = try start(["a": many, "b": Self.market, "gateway": #""interval": 0.1"#])
        try waitForUpdates("a", beyond: 2000, gateway)
        let before = try published("a", gateway)
        let answer = try reload(
            gateway,
            [
                "b": Self.market + #", "enabled": false"#, "c": Self.market,
                "gateway": #""interval": 0.1"#,
            ])
        #expect(changed(answer) == ["feeds.a", "feeds.b", "feeds.c"])
        for feed in ["a", "b"] {
            try wait(for: "feed stopped", feed, gateway)
            #expect(try rows(feed, gateway).isEmpty)
        }
        try waitForUpdates("c", gateway)
        // The total of all feeds keeps what those have published that are gone.
        let reader = try WebSocketProbe("topics=gateway/published", [], gateway)
        _ = try reader.snapshot()
        let told = try reader.updates { _ in true }.last?["data"]["total"].int ?? -1
        #expect(told > before)

        #expect(changed(try reload(gateway, ["b": Self.market])) == ["feeds.b", "feeds.c", "feeds.gateway"])
        try waitForUpdates("b", gateway)
        #expect(try rows("c", gateway).isEmpty)
    }

    @Test func oneThatIsWrongRefusesAll() throws {
        let gateway = try start(["a": Self.market])
        try waitForUpdates("a", gateway)
        let answer = try reload(gateway, ["b": Self.market, "c": #""kind": "market", "rate": 0"#])
        #expect(answer.status == 400 && answer.json["detail"].string?.contains("feeds.c.rate") == true)
        try waitForUpdates("a", beyond: published("a", gateway), gateway)
        #expect(count("feed started", "b", gateway) == 0 && count("feed stopped", "a", gateway) == 0)
    }

    /// The same settings leave it as it is; a change makes it begin again.
    @Test func oneThatHasEndedStaysSo() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv")
        defer { unlink(file.path) }
        try Data("symbol,x\na,1\nb,2\n".utf8).write(to: file)
        let feed = #""file": "\#(file.path)", "topic": "rows/{symbol}", "rate": 1000"#
        let gateway = try start(["replay": feed])
        #expect(gateway.logLine(saying: "feed ended") != nil)
        #expect(changed(try reload(gateway, ["replay": feed, "sim": Self.market])) == ["feeds.sim"])
        try wait(for: "feed started", "sim", gateway)
        #expect(count("feed started", "replay", gateway) == 1)
        #expect(changed(try reload(gateway, ["replay": feed + #", "speed": 2"#])).contains("feeds.replay"))
        _ = try eventually("it plays again") { try published("replay", gateway) == 4 ? true : nil }
    }

    @Test func noFeedsMeansNone() throws {
        let gateway = try start(["a": Self.market], startsFeeds: false)
        #expect(changed(try reload(gateway, ["b": Self.market])) == ["feeds.a", "feeds.b"])
        #expect(try rows("b", gateway).isEmpty)
        #expect(!gateway.logText.contains("feed started"))
    }

    /// The drain ends what runs by then, and nothing is started behind its back.
    @Test func aDrainAmongReloads() throws {
        for _ in 0..<6 {
            let gateway = try start(["a": Self.market, "b": Self.market])
            try gateway.write(Self.members(["b": Self.market + #", "seed": 2"#, "c": Self.market]))
            for number in [SIGHUP, SIGTERM] { gateway.signal(number) }
            #expect(try gateway.exitStatus() == 0)
            #expect(gateway.logLine(saying: #""event":"ended""#) != nil)
            for feed in ["a", "b", "c"] {
                #expect(
                    count("feed started", feed, gateway) == count("feed stopped", feed, gateway),
                    "\(gateway.logText)")
            }
        }
    }
}
