/// The file, its schema, its documentation and the code agree about each setting.
import Configuration
import Foundation
import Settings
import Testing

@Suite struct SchemaTests {
    /// The whole configuration as text: a setting that is read but never used shows.
    private func outcome(of text: String) throws -> String {
        let configuration = try TidegateConfiguration(text: Array(text.utf8), file: "config.json")
        var shown = ""
        dump(configuration, to: &shown)
        return shown
    }

    private func refusal(of text: String) -> String {
        do {
            return try "nothing was refused: \(outcome(of: text))"
        } catch {
            return "\(error)"
        }
    }

    @Test func anEndpointForProxiesNeedsSome() throws {
        let endpoint = #""endpoints": [{ "proxyProtocol": true }]"#
        #expect(refusal(of: "{\(endpoint)}").contains("access.proxies"))
        _ = try outcome(of: #"{"access": { "proxies": ["10.0.0.0/8"] }, \#(endpoint)}"#)
    }

    @Test(
        arguments: [
            (#""path": "a.sock", "mode": "660""#, nil), (#""path": "a.sock", "mode": "0777""#, nil),
            (#""path": "a.sock", "mode": "rw""#, "octal"), (#""path": "a.sock", "mode": "0888""#, "octal"),
            (#""path": "a.sock", "mode": "1777""#, "octal"), (#""path": "a.sock", "mode": "66""#, "octal"),
            (#""path": "a.sock", "mode": 660"#, "a string is wanted"),
            (#""mode": "0660""#, "endpoints.0.mode"),
            (#""path": """#, "has 0 bytes"), (#""path": "a.sock", "port": 80"#, "endpoints.0.port"),
            (#""path": "a.sock", "address": "::1""#, "endpoints.0.address"),
            (
                #""path": "/\#(String(repeating: "a", count: 107))""#,
                "has 108 bytes; the kernel takes 1 to 107"
            ),
            (#""socket": "web""#, nil), (#""socket": "web", "path": "a.sock""#, "endpoints.0.path"),
            (#""socket": "web", "port": 80"#, "endpoints.0.port"),
            (#""socket": "web", "mode": "0660""#, "endpoints.0.mode"),
            (#""doors": ["subscribe", "publish", "operations"]"#, nil), (#""doors": []"#, nil),
            (#""doors": ["read"]"#, #""read" is none of subscribe, publish, operations"#),
            (#""doors": ["publish"], "redirect": true"#, "endpoints.0.doors"),
        ] as [(String, String?)])
    func anEndpointIsWhatItSays(members: String, expected: String?) throws {
        let text = #"{"endpoints": [{ \#(members) }]}"#
        guard let expected else {
            _ = try outcome(of: text)
            return
        }
        #expect(refusal(of: text).contains(expected), "\(refusal(of: text))")
    }

    @Test func theShippedFileHasEverySettingWithItsDefault() {
        var shipped = Repository.document("config.json").leaves(without: ["$schema", "feeds"])
        // By default nothing is kept; the shipped file keeps it.
        #expect(shipped["storage.folder"] == "\"data\"")
        shipped["storage.folder"] = "\"\""
        #expect(shipped == Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.path, $0.standard) }))
        #expect(Setting.all.count > 40)
    }

    @Test func theDefaultsAreTheCodes() throws {
        // All at once: the file names every setting, the empty one none.
        let feeds = Repository.text("config.json").range(of: "\"feeds\"").map(\.lowerBound)
        let text = try #require(feeds.map { Repository.text("config.json")[..<$0] })
        let logs = #""logs": [ { "pattern": "trades/**", "keep": 1000 } ]"#
        let folder = #""folder": "data""#
        #expect(text.contains(logs) && text.contains(folder))
        let named =
            text.replacing(logs, with: #""logs": []"#).replacing(folder, with: #""folder": """#)
            + "\"feeds\": {}}"
        #expect(try outcome(of: String(named)) == outcome(of: "{}"))
    }

    /// `| `key` | type | `default` |` below the title of its section.
    @Test func theDocumentationHasEverySettingWithItsDefault() {
        var documented: [String: String] = [:]
        var section = ""
        for line in Repository.text("docs/configuration.md").split(separator: "\n") {
            if line.hasPrefix("## Feeds") { break }
            if line.hasPrefix("### ") {
                section = line.contains("`") ? "\(line.split(separator: "`")[1])." : ""
            }
            let cells = line.split(separator: "|").map { $0.trimmingPrefix(" ") }
            guard cells.count > 3, cells[0].hasPrefix("`") else { continue }
            let words = [cells[0], cells[2]].map { $0.split(separator: "`")[0] }
            documented[section + words[0]] = String(words[1])
        }
        #expect(documented == Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.path, $0.standard) }))
    }

    @Test(arguments: Setting.all) func whatIsAllowedIsTaken(setting: Setting) throws {
        let outcomes = try Set(
            (setting.allowed + [setting.standard]).map { try outcome(of: setting.file($0)) })
        #expect(outcomes.count > 1, "the setting changes nothing")
    }

    @Test(arguments: Setting.all) func whatIsNotAllowedIsRefusedWithItsPlace(setting: Setting) {
        for value in setting.refused {
            #expect(refusal(of: setting.file(value)).hasPrefix("config.json:1: \(setting.path): found"))
        }
        #expect(refusal(of: setting.file("{}")).hasPrefix("config.json:1: \(setting.path): found"))
    }

    @Test(arguments: Setting.all) func aSlipOfThePenIsPutRight(setting: Setting) {
        let slip = String(setting.key.dropLast())
        let refusal = refusal(of: setting.file(setting.standard, key: slip))
        #expect(refusal.contains("\(setting.path.dropLast()): unknown key. Did you mean \"\(setting.key)\"?"))
    }
}
