import Foundation
import Testing

@testable import Logging

/// The code and docs/logging.md agree about every event.
@Suite struct CatalogueTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    private struct Row: Hashable {
        let event: String
        let level: String
        let fields: [String]
    }

    /// `| `event` | level | `field`, … | meaning | what to do |`
    private func documented() throws -> [Row] {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("docs/logging.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 5 && cells.allSatisfy { !$0.isEmpty }, "\(line)")
            let fields = cells[2].split(separator: ", ").map { $0.trimmingPrefix("`").prefix { $0 != "`" } }
            return Row(
                event: cells[0].trimmingCharacters(in: ["`"]), level: cells[1],
                fields: cells[2] == "–" ? [] : fields.map(String.init))
        }
    }

    @Test func theDocumentHasEveryEventOnce() throws {
        let documented = try documented()
        let coded = Log.Event.allCases.map { event in
            Row(event: event.rawValue, level: event.level.rawValue, fields: event.fields)
        }
        #expect(Set(documented) == Set(coded) && documented.count == coded.count)
    }

    /// The texts of all files that know the log, but for the catalogue.
    private func sources() throws -> [String] {
        let folder = Self.root.appendingPathComponent("Sources")
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".swift") && !$0.hasSuffix("/Log+Event.swift") }
            .map { ($0, try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)) }
            .filter { path, text in path.hasPrefix("Logging/") || text.contains("import Logging") }
            .map { $0.1 }
    }

    /// The event of each kind of notice: `case .dead: .readerDead`.
    private func notices(_ sources: [String]) -> [Substring: Substring] {
        let cases = sources.flatMap { $0.matches(of: /case \.(\w+): \.(\w+)\n/) }
        return Dictionary(cases.map { ($0.output.1, $0.output.2) }) { $1 }
    }

    @Test func everyEventIsLoggedSomewhere() throws {
        let sources = try sources()
        let told = sources.flatMap { $0.matches(of: /(?:tell|append)\(\s*\.(\w+)/) }.map { $0.output.1 }
        let noted = sources.flatMap { $0.matches(of: /note\(\s*\.(\w+)/) }.map { $0.output.1 }
        let notices = notices(sources)
        let logged = Set(told + noted.compactMap { notices[$0] })
        let unlogged = Log.Event.allCases.filter { !logged.contains("\($0)") }
        #expect(unlogged.isEmpty)
    }

    /// Where the fields stand in the call; the others are checked at each line that a debug build logs.
    @Test func everyFieldThatIsLoggedIsListed() throws {
        let sources = try sources()
        let notices = notices(sources)
        var checkedCount = 0
        for source in sources {
            for call in source.matches(of: /(?:tell|note)\(\s*\.(\w+),\s*\[/) {
                let name = notices[call.output.1] ?? call.output.1
                let event = try #require(Log.Event.allCases.first { "\($0)" == name }, "\(call.output.0)")
                for field in Self.list(source[call.range.upperBound...]).matches(of: /"(\w+)":\s/) {
                    #expect(event.fields.contains(String(field.output.1)), "\(field.output.1) of \(event)")
                    checkedCount += 1
                }
            }
        }
        #expect(checkedCount > 20)
        let named = Set(sources.flatMap { $0.matches(of: /"(\w+)"(?::|,)/) }.map { String($0.output.1) })
        let unnamed = Log.Event.allCases.filter { !named.isSuperset(of: $0.fields) }
        #expect(unnamed.isEmpty)
    }

    /// Up to the bracket that closes the list.
    private static func list(_ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            return depth > 0
        }
    }

    /// Members that every line of JSON has.
    @Test func noFieldHasATakenName() {
        for event in Log.Event.allCases {
            #expect(Set(event.fields).count == event.fields.count)
            #expect(Set(event.fields).isDisjoint(with: ["time", "level", "event"]), "\(event)")
        }
    }
}
