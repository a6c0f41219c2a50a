/// Settings that are no key with a default: lists, paths, feeds, and settings that depend on each other.
import Broker
import Configuration
import Gateway
import Primitives
import Settings
import Testing

@Suite struct OriginTests {
    private func read(_ text: String, file: String = "config.json") throws -> TidegateConfiguration {
        try TidegateConfiguration(text: Array(text.utf8), file: file)
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let text: String
        let says: String
        var testDescription: String { text }
    }

    static let mistakes = [
        Mistake(text: #"{"topics": {"logs": {}}}"#, says: "config.json:1: topics.logs: found"),
        Mistake(text: #"{"topics": {"logs": [5]}}"#, says: "config.json:1: topics.logs.0: found"),
        Mistake(
            text: #"{"topics": {"logs": [{}]}}"#, says: "config.json: topics.logs.0.pattern: it is missing"),
        Mistake(
            text: #"{"topics": {"logs": [{"pattern": "a"}, {"pattern": "b", "keep": 0}]}}"#,
            says: "config.json:1: topics.logs.1.keep: found 0"),
        Mistake(
            text: #"{"topics": {"logs": [{"patern": "a"}]}}"#,
            says: "config.json:1: topics.logs.0.patern: unknown key. Did you mean \"pattern\"?"),
        Mistake(
            text: #"{"topics": {"ttl": [{"pattern": "a"}]}}"#,
            says: "config.json: topics.ttl.0.seconds: it is missing"),
        Mistake(
            text: #"{"topics": {"stale": [{"pattern": "a", "seconds": 0}]}}"#,
            says: "config.json:1: topics.stale.0.seconds: found 0"),
        Mistake(
            text: #"{"topics": {"stale": [{"pattern": "a", "second": 5}]}}"#,
            says: "config.json:1: topics.stale.0.second: unknown key. Did you mean \"seconds\"?"),
        Mistake(
            text: #"{"drain": {"spread": 11}}"#,
            says: "config.json: drain.deadline: it must not be before \"spread\" is over"),
        Mistake(text: #"{"feeds": []}"#, says: "config.json:1: feeds: found"),
        Mistake(text: #"{"feeds": {"x": 5}}"#, says: "config.json:1: feeds.x: found"),
        Mistake(
            text: #"{"feeds": {"x": {"kind": "hose"}}}"#,
            says: "config.json:1: feeds.x.kind: there is no kind of feed \"hose\". Did you mean \"host\"?"),
        Mistake(
            text: #"{"feeds": {"host": {"enabled": 1}}}"#, says: "config.json:1: feeds.host.enabled: found 1"),
        Mistake(
            text: #"{"feeds": {"host": {"enabled": false, "intervall": 1}}}"#,
            says: "config.json:1: feeds.host.intervall: unknown key. Did you mean \"interval\"?"),
        Mistake(text: #"{"subscribers": {"compression": 5}}"#, says: "subscribers.compression: found 5"),
        Mistake(
            text: #"{"access": {"origins": ["*", "app.example.com"]}}"#,
            says: "config.json:1: access.origins: \"app.example.com\": it has no scheme; write \"https://app"),
        Mistake(
            text: #"{"access": {"hosts": ["https://app.example.com"]}}"#,
            says: "config.json:1: access.hosts: \"https://app.example.com\": a host has no scheme"),
        Mistake(text: #"{"access": {"origin": []}}"#, says: "access.origin: unknown key. Did you mean"),
        Mistake(text: "[]", says: "config.json: found"),
        Mistake(text: "{\n \"port\" 1}", says: "config.json: line 2, column 9:"),
    ]

    @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlace(mistake: Mistake) {
        do {
            _ = try read(mistake.text)
            Issue.record("nothing was refused")
        } catch {
            #expect("\(error)".contains(mistake.says))
        }
    }

    @Test func theFirstLogThatCoversATopicStandsFirst() throws {
        let logs = try read(#"{"topics": {"logs": [{"pattern": "a/*", "keep": 5}, {"pattern": "a/**"}]}}"#)
            .gateway.retention.logs
        #expect(logs.map { String(decoding: $0.pattern.text, as: UTF8.self) } == ["a/*", "a/**"])
        let retention = try read(
            #"{"topics": {"ttl": [{"pattern": "a/*", "seconds": 0.5}], "stale": [{"pattern": "**", "seconds": 3}]}}"#
        ).gateway.retention
        #expect(retention.timesToLive.map(\.interval.nanoseconds) == [500_000_000])
        #expect(retention.staleness.map(\.interval.nanoseconds) == [3_000_000_000])
        #expect(logs.map(\.updateCount) == [5, 1000])
    }

    @Test(arguments: [
        ("config.json", "page", "./page"), ("/etc/t/config.json", "page", "/etc/t/page"),
        ("etc/config.json", "/srv/page", "/srv/page"),
    ])
    func thePagesFolderStartsFromTheFiles(file: String, folder: String, expected: String) throws {
        #expect(try read("{\"publicFolder\": \"\(folder)\"}", file: file).gateway.publicFolder == expected)
    }

    @Test func whoIsLetInIsRead() throws {
        let access = try read(
            #"{"access": {"origins": ["https://*.example.com", "null"], "hosts": ["auto", "Gate.example:80"]}}"#
        ).gateway.access
        #expect(access.origins.map(\.description) == ["https://*.example.com", "null"])
        #expect(access.hosts.map(\.description) == ["auto", "gate.example:80"])
        #expect(try read(#"{"access": {"hosts": []}}"#).gateway.access.hosts.isEmpty)
    }

    @Test func noFolderNoPage() throws {
        #expect(try read(#"{"publicFolder": ""}"#).gateway.publicFolder == nil)
    }

    @Test func noThreadsMeansOneACore() throws {
        #expect(try read(#"{"threads": 0}"#).gateway.threadCount >= 1)
        #expect(try read(#"{"threads": 7}"#).gateway.threadCount == 7)
    }

    @Test func feedsStartInTheOrderOfTheirNamesUnlessTheyAreOff() throws {
        let text =
            #"{"feeds": {"z": {"kind": "market"}, "host": {}, "m": {"kind": "market", "enabled": false}}}"#
        #expect(try read(text).feeds.map(\.name) == ["host", "z"])
    }
}
