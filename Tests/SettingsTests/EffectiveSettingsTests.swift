import Primitives
import Testing

@testable import Settings

@Suite struct EffectiveSettingsTests {
    /// Reads a port, a list of keys with a secret and a file, and a time.
    private func read(
        _ text: String, content: String = "", _ overrides: [String: String] = [:]
    ) throws -> EffectiveSettings {
        var root = try SettingsSection(
            parsing: Array(text.utf8), file: "config.json", overrides: overrides,
            labels: ["port": "--port"])
        _ = try root.optionalText("$schema")
        _ = try root.integer("port", default: 80, in: 0...65_535)
        _ = try root.duration("wait", default: .seconds(5), in: .zero ... .seconds(60))
        var access = try root.section("access")
        for var entry in try access.sections("keys") {
            _ = try entry.optionalText("name")
            _ = try entry.optionalText("hash")
            entry.conceal("hash")
            entry.note(content: content, of: "name")
        }
        return root.effective
    }

    private func lines(_ effective: EffectiveSettings) -> [String] {
        effective.entries.map { "\($0.path)=\($0.value) \($0.source ?? "default")" }
    }

    @Test func saysWhereEachValueComesFrom() throws {
        let text =
            "{\"$schema\":\"x\",\n\"wait\":0.5,\"access\":{\n" + #""keys":[{"name":"a\"b","hash":"1234"}]}}"#
        #expect(
            lines(try read(text, ["port": "81"])) == [
                "port=81 --port", "wait=0.5 config.json:2", #"access.keys.0.name="a\"b" config.json:3"#,
                #"access.keys.0.hash="…" config.json:3"#,
            ])
        #expect(lines(try read("{}")) == ["port=80 default", "wait=5 default"])
    }

    @Test func whatIsShownIsReadBack() throws {
        let effective = try read(
            #"{"wait":0.5,"access":{"keys":[{"name":"a\"b","hash":"1234"}]}}"#, ["port": "81"])
        let shown = effective.marked { "<\($0.count)>" }
        let text = shown.json.bytes.array
        #expect(!text.span.text.contains("1234"))
        var again = try EffectiveSettings(json: text.span)
        #expect(lines(again) == lines(effective))
        #expect(again.take(shown) { _ in true }.taken == [])
        var secret = try read(
            #"{"wait":0.5,"access":{"keys":[{"name":"a\"b","hash":"12345"}]}}"#, ["port": "81"])
        secret = secret.marked { "<\($0.count)>" }
        #expect(again.take(secret) { _ in true }.taken == ["access.keys"])
        for end in 0..<text.count - 2 {
            #expect(throws: JSONFailure.self) { try EffectiveSettings(json: text.span.extracting(0..<end)) }
        }
    }

    @Test func theSameValueFromElsewhereIsTheSame() throws {
        var effective = try read(#"{"port":81}"#)
        let difference = effective.take(try read("{}", ["port": "81"])) { _ in false }
        #expect(difference == .init(sameCount: 2))
    }

    @Test func takesWhatCanBeTakenAndRemembersTheRest() throws {
        var effective = try read(#"{"port":81}"#)
        let other = try read(#"{"port":82,"wait":6,"access":{"keys":[{"name":"a"}]}}"#)
        let expected = EffectiveSettings.Difference(taken: ["access.keys", "wait"], left: ["port"])
        #expect(effective.take(other) { $0 != "port" } == expected)
        // What was not taken is different still.
        #expect(effective.take(other) { $0 != "port" } == .init(left: ["port"], sameCount: 2))
        #expect(effective.take(try read(#"{"port":81,"wait":6}"#)) { $0 != "port" }.taken == ["access.keys"])
    }

    @Test func aSectionWithAFreeNameIsOneSetting() throws {
        func read(_ feeds: String) throws -> EffectiveSettings {
            var root = try SettingsSection(
                parsing: Array(#"{"feeds":{\#(feeds)}}"#.utf8), file: "config.json", overrides: [:])
            for (_, section) in try root.namedSections("feeds") {
                var section = section
                _ = try section.integer("rate", default: 1, in: 0...9)
                _ = try section.boolean("loop", default: false)
            }
            return root.effective
        }
        var effective = try read(#""a":{},"a.b":{},"2":{}"#)
        let own = ["feeds.a.rate": "1", "feeds.a.loop": "false"]
        #expect(effective.values(of: "feeds.a") == own)
        let other = try read(#""a":{"rate":1},"a.b":{"rate":2,"loop":true},"c":{}"#)
        let expected = EffectiveSettings.Difference(taken: ["feeds.2", "feeds.a.b", "feeds.c"], sameCount: 1)
        #expect(effective.take(other) { _ in true } == expected)
        #expect(effective.values(of: "feeds.a.b") == ["feeds.a.b.rate": "2", "feeds.a.b.loop": "true"])
    }

    @Test func aListIsOneSettingAndASecretCounts() throws {
        var effective = try read(#"{"access":{"keys":[{"name":"a","hash":"1"},{"name":"b","hash":"2"}]}}"#)
        let other = try read(#"{"access":{"keys":[{"name":"a","hash":"1"},{"name":"b","hash":"3"}]}}"#)
        #expect(effective.take(other) { _ in true }.taken == ["access.keys"])
    }

    /// What stands anew in a file that is named as before is taken, whatever names it.
    @Test func aFilesContentCounts() throws {
        let text = #"{"access":{"keys":[{"name":"a"}]}}"#
        var effective = try read(text, content: "1")
        #expect(effective.take(try read(text, content: "2")) { _ in false }.taken == ["access.keys.0.name"])
        #expect(effective.take(try read(text, content: "2")) { _ in false }.sameCount == 3)
    }
}
