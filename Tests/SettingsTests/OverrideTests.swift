import Settings
import Testing

@Suite struct OverrideTests {
    private func root(
        _ text: String, _ overrides: [String: String], labels: [String: String] = [:]
    ) throws -> SettingsSection {
        try SettingsSection(
            parsing: Array(text.utf8), file: "config.json", overrides: overrides, labels: labels)
    }

    private func refusal(_ read: () throws -> Void) -> String {
        do {
            try read()
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    @Test func standInForTheFileAndForTheDefault() throws {
        var settings = try root(
            #"{"http":{"port":1}}"#,
            [
                "http.port": "9000", "TIDEGATE_HTTP_PORT": "7", "TIDEGATE_LIMITS_MESSAGE_BYTES": "5",
                "names": "a, b", "map": "k=v,l = w", "on": "true", "wait": "0.5",
            ])
        var http = try settings.section("http")
        var limits = try settings.section("limits")
        #expect(try http.integer("port", default: 2, in: 1...65535) == 9000)
        #expect(try limits.integer("messageBytes", default: 2, in: 1...9) == 5)
        #expect(try settings.texts("names", default: []) == ["a", "b"])
        #expect(try settings.textMap("map") == ["k": "v", "l": "w"])
        #expect(try settings.boolean("on", default: false))
        #expect(
            try settings.duration("wait", default: .zero, in: .zero ... .seconds(1)) == .milliseconds(500))
        // The flag won, but the variable of the same setting must not count as unknown.
        try settings.finish()
    }

    @Test func makeASectionThatTheFileLacks() throws {
        var settings = try root("{}", ["feeds.demo.kind": "market"])
        var feeds = try settings.namedSections("feeds")
        #expect(feeds.map(\.name) == ["demo"])
        #expect(try feeds[0].section.text("kind", default: "") == "market")
        try settings.finish()
    }

    struct Mistake: Sendable {
        let overrides: [String: String]
        let message: String
    }

    @Test(arguments: [
        Mistake(
            overrides: ["http.port": "x"],
            message: #"--port: http.port: found "x", a whole number from 1 to 9 is wanted"#),
        Mistake(
            overrides: ["TIDEGATE_HTTP_PORT": "x"],
            message:
                #"environment variable TIDEGATE_HTTP_PORT: http.port: found "x", a whole number from 1 to 9 is wanted"#
        ),
        Mistake(
            overrides: ["http.prot": "1"],
            message: #"override: http.prot: no such setting. Did you mean "http.port"?"#),
        Mistake(
            overrides: ["TIDEGATE_HTTP_PROT": "1"],
            message:
                #"environment variable TIDEGATE_HTTP_PROT: no such setting. Did you mean "TIDEGATE_HTTP_PORT"?"#
        ),
        Mistake(overrides: ["zebra": "1"], message: "override: zebra: no such setting."),
        Mistake(
            overrides: ["http": "{}"], message: "override: http: this is a section. Name one of its keys"),
    ]) func areRefusedWithTheirOrigin(mistake: Mistake) throws {
        var settings = try root("{}", mistake.overrides, labels: ["http.port": "--port"])
        let message = refusal {
            var http = try settings.section("http")
            _ = try http.integer("port", default: 2, in: 1...9)
            try http.finish()
            try settings.finish()
        }
        #expect(message == mistake.message)
    }

    @Test(arguments: [
        ("limits.messageBytes", "TIDEGATE_LIMITS_MESSAGE_BYTES"), ("http.port", "TIDEGATE_HTTP_PORT"),
        ("feeds.my-host.x2Y", "TIDEGATE_FEEDS_MY_HOST_X2_Y"),
    ]) func environmentNames(path: String, name: String) {
        #expect(SettingsSection.environmentName(of: path) == name)
    }

    @Test func onlyOurVariablesAreTaken() {
        let environment = ["TIDEGATE_A": "1", "PATH": "x", "TIDEGATE_CONFIG": "f"]
        #expect(
            SettingsSection.overrides(from: environment, except: ["TIDEGATE_CONFIG"]) == ["TIDEGATE_A": "1"])
    }
}
