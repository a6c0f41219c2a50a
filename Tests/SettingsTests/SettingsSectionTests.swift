import Settings
import Testing

@Suite struct SettingsSectionTests {
    private enum Color: String, CaseIterable {
        case red
        case green
    }

    private func root(
        _ text: String, _ overrides: [String: String] = [:], labels: [String: String] = [:]
    ) throws -> SettingsSection {
        try SettingsSection(
            parsing: Array(text.utf8), file: "config.json", overrides: overrides, labels: labels)
    }

    /// The message of the refusal by `read`.
    private func refusal(_ read: () throws -> Void) -> String {
        do {
            try read()
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsEachKindOfValue() throws {
        var settings = try root(
            #"{"i":5,"whole":1e3,"n":0.5,"b":true,"t":"x\u00e9","c":"green","d":0.3,"l":["a","b"],"m":{"k":"v"}}"#
        )
        #expect(try settings.integer("i", default: 1, in: 0...9) == 5)
        #expect(try settings.integer("whole", default: 1, in: 0...9999) == 1000)
        #expect(try settings.number("n", default: 1, in: 0...1) == 0.5)
        #expect(try settings.boolean("b", default: false))
        #expect(try settings.text("t", default: "") == "xé")
        #expect(try settings.choice("c", default: Color.red) == .green)
        #expect(
            try settings.duration("d", default: .zero, in: .zero ... .seconds(1)) == .milliseconds(300))
        #expect(try settings.texts("l", default: []) == ["a", "b"])
        #expect(try settings.textMap("m") == ["k": "v"])
        try settings.finish()
    }

    @Test func defaultsStandInForWhatIsAbsent() throws {
        var settings = try root("{}")
        #expect(try settings.integer("i", default: 1, in: 5...9) == 1)
        #expect(try settings.optionalText("t") == nil)
        #expect(try settings.choice("c", default: Color.red) == .red)
        #expect(try settings.texts("l", default: ["z"]) == ["z"])
        #expect(try settings.namedSections("feeds").isEmpty)
        #expect(try settings.sections("listeners").isEmpty)
        var inner = try settings.section("http")
        #expect(inner.path == "http")
        #expect(try inner.boolean("on", default: true))
        try settings.finish()
    }

    struct Mistake: Sendable {
        let text: String
        let message: String
        let read: @Sendable (inout SettingsSection) throws -> Void
    }

    static let mistakes: [Mistake] = [
        Mistake(
            text: #"{"http":{"port":"abc"}}"#,
            message:
                #"config.json:1: http.port: found "abc" (a string), a whole number from 1 to 65535 is wanted"#
        ) {
            var http = try $0.section("http")
            _ = try http.integer("port", default: 80, in: 1...65535)
        },
        Mistake(
            text: #"{"port":1.5}"#,
            message: "config.json:1: port: found 1.5 (a number), a whole number from 1 is wanted"
        ) { _ = try $0.integer("port", default: 80, in: 1 ... .max) },
        Mistake(
            text: #"{"n":2}"#,
            message: "config.json:1: n: found 2 (a number), a number from 0 to 0.5 is wanted"
        ) { _ = try $0.number("n", default: 0, in: 0...0.5) },
        Mistake(text: #"{"b":1}"#, message: "config.json:1: b: found 1 (a number), true or false is wanted") {
            _ = try $0.boolean("b", default: false)
        },
        Mistake(text: #"{"t":null}"#, message: "config.json:1: t: found null, a string is wanted") {
            _ = try $0.text("t", default: "")
        },
        Mistake(text: #"{"t":true}"#, message: "config.json:1: t: found true, a string is wanted") {
            _ = try $0.optionalText("t")
        },
        Mistake(
            text: #"{"c":"blue"}"#,
            message: #"config.json:1: c: found "blue" (a string), one of "red", "green" is wanted"#
        ) { _ = try $0.choice("c", default: Color.red) },
        Mistake(
            text: #"{"d":0}"#,
            message: "config.json:1: d: found 0 (a number), a number of seconds from 0.1 to 60 is wanted"
        ) { _ = try $0.duration("d", default: .seconds(1), in: .milliseconds(100) ... .seconds(60)) },
        Mistake(
            text: #"{"l":["a",1]}"#,
            message: "config.json:1: l: found an array, an array of strings is wanted"
        ) { _ = try $0.texts("l", default: []) },
        Mistake(
            text: #"{"m":{"a":1}}"#,
            message: "config.json:1: m: found an object, an object of strings is wanted"
        ) { _ = try $0.textMap("m") },
        Mistake(text: #"{"s":[]}"#, message: "config.json:1: s: found an array, an object is wanted") {
            _ = try $0.section("s")
        },
        Mistake(
            text: #"{"s":{"a":3}}"#, message: "config.json:1: s.a: found 3 (a number), an object is wanted"
        ) {
            _ = try $0.namedSections("s")
        },
        Mistake(
            text: #"{"s":{}}"#, message: "config.json:1: s: found an object, an array of objects is wanted"
        ) {
            _ = try $0.sections("s")
        },
        Mistake(
            text: #"{"s":[{},"x"]}"#,
            message: #"config.json:1: s.1: found "x" (a string), an object is wanted"#
        ) { _ = try $0.sections("s") },
        Mistake(
            text: #"{"intervall":1}"#,
            message:
                #"config.json:1: intervall: unknown key. Did you mean "interval"? Known here: interval, prefix"#
        ) {
            _ = try $0.number("interval", default: 1, in: 0...9)
            _ = try $0.text("prefix", default: "")
            try $0.finish()
        },
        Mistake(
            text: #"{"feeds":{"host":{"perfix":"x"}}}"#,
            message:
                #"config.json:1: feeds.host.perfix: unknown key. Did you mean "prefix"? Known here: prefix"#
        ) {
            for (_, section) in try $0.namedSections("feeds") {
                var section = section
                _ = try section.text("prefix", default: "")
                try section.finish()
            }
        },
        Mistake(text: #"{"zebra":1}"#, message: "config.json:1: zebra: unknown key. Known here: port") {
            _ = try $0.integer("port", default: 1, in: 1...2)
            try $0.finish()
        },
        Mistake(text: #"{"zebra":1}"#, message: "config.json:1: zebra: unknown key. No key is known here") {
            try $0.finish()
        },
        Mistake(text: #"{"p":"x"}"#, message: "config.json:1: p: it is no topic") {
            _ = try $0.text("p", default: "")
            throw $0.refusal(of: "p", because: "it is no topic")
        },
    ]

    @Test(arguments: mistakes) func refusesAndSaysWhy(mistake: Mistake) throws {
        var settings = try root(mistake.text)
        #expect(refusal { try mistake.read(&settings) } == mistake.message)
    }

    @Test func namesSectionsInOrderAndLeavesThemTheirKeys() throws {
        var settings = try root(#"{"feeds":{"b":{"x":1},"a":{"y":2}},"list":[{"z":1}]}"#)
        let named = try settings.namedSections("feeds")
        #expect(named.map(\.name) == ["a", "b"])
        #expect(named.map(\.section.path) == ["feeds.a", "feeds.b"])
        #expect(try settings.sections("list").map(\.path) == ["list.0"])
        try settings.finish()  // The unread x, y and z belong to the sections.
    }

    // MARK: JSON

    @Test(arguments: [
        ("{\n  \"é\": 1,,\n}", "config.json: line 2, column 10: expected a member's name in quotes"),
        ("{\"a\":1,\n \"b\":2,\n \"a\":3}", "config.json: line 3, column 2: the key \"a\" stands here twice"),
        ("", "config.json: line 1, column 1: the text ends where a value should be"),
        ("[]", "config.json: found an array, an object is wanted"),
        ("{\"a\":\"\\ud800\"}", "config.json: line 1, column 6: the string names half of a surrogate pair"),
        (
            "{} {}", "config.json: line 1, column 4: the value has ended, and something follows it"
        ),
    ]) func namesLineAndColumn(text: String, message: String) {
        #expect(refusal { _ = try root(text) } == message)
    }

    @Test func refusesWhatIsNotUTF8() {
        let message = refusal {
            _ = try SettingsSection(
                parsing: [0x7B, 0x0A, 0x22, 0xFF, 0x22, 0x7D], file: "c", overrides: [:])
        }
        #expect(message == "c: line 2, column 2: the text is not UTF-8")
    }
}
