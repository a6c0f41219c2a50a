/// What all sections of one file share: the overrides, and the keys that were asked for.
internal import Primitives

/// Owned by the thread that reads the settings; sections refer to it and are not Sendable either.
final class SettingsRecord {
    let file: String
    /// Where the file's lines end.
    private let lineFeeds: [Int]
    /// Path or environment variable -> text.
    private let overrides: [String: String]
    /// Path or environment variable -> where it was given.
    private let labels: [String: String]
    /// Section's path -> its keys, in the order in which they were asked for.
    private var askedKeys: [String: [String]] = [:]
    private var isSection: Set<String> = []
    private var usedOverrides: Set<String> = []
    /// What was answered to those who asked.
    var effective = EffectiveSettings()

    init(file: String, text: [UInt8], overrides: [String: String], labels: [String: String]) {
        self.file = file
        lineFeeds = text.indices.filter { text[$0] == ASCII.lineFeed }
        self.overrides = overrides
        self.labels = labels
    }

    /// "config.json:12"
    func place(of member: JSONValue.Member) -> String {
        "\(file):\(lineFeeds.prefix { $0 < member.offset }.count + 1)"
    }

    func remember(_ key: String, in section: String) {
        if !askedKeys[section, default: []].contains(key) { askedKeys[section, default: []].append(key) }
    }

    func rememberSection(_ path: String) {
        isSection.insert(path)
    }

    func knownKeys(of section: String) -> [String] {
        askedKeys[section] ?? []
    }

    /// The override of `path`, and where it was given. A path wins over an environment variable, because several
    /// paths can share a variable.
    func override(of path: String) -> (text: String, source: String)? {
        let given = [path, SettingsSection.environmentName(of: path)].filter { overrides[$0] != nil }
        usedOverrides.formUnion(given)
        guard let name = given.first, let text = overrides[name] else { return nil }
        return (text, source(of: name))
    }

    /// The names directly below `path` in overrides: sections that only an override mentions.
    func overriddenNames(below path: String) -> [String] {
        overrides.keys.compactMap { name in
            guard name.hasPrefix(path + ".") else { return nil }
            let rest = name.dropFirst(path.utf8.count + 1)
            guard let end = rest.firstIndex(of: "."), end > rest.startIndex else { return nil }
            return String(rest[..<end])
        }
    }

    /// Whether an override names something below `path`.
    func hasOverride(below path: String) -> Bool {
        overrides.keys.contains { $0.hasPrefix(path + ".") }
    }

    /// Refuses the first override, in order of names, that no key has taken.
    func checkOverrides() throws(SettingsFailure) {
        guard let unused = overrides.keys.filter({ !usedOverrides.contains($0) }).min() else { return }
        let source = source(of: unused)
        let isVariable = unused.hasPrefix(SettingsSection.environmentPrefix)
        let known = askedKeys.flatMap { section, keys in
            keys.map { section.isEmpty ? $0 : section + "." + $0 }
        }
        let sections = known.filter { isSection.contains($0) }
        if let section = sections.first(where: {
            $0 == unused || SettingsSection.environmentName(of: $0) == unused
        }) {
            throw SettingsFailure(
                source: source, path: section, reason: "this is a section. Name one of its keys")
        }
        let keys = known.filter { !isSection.contains($0) }.sorted()
        let names = isVariable ? keys.map(SettingsSection.environmentName) : keys
        var reason = "no such setting."
        if let nearest = nearestName(to: unused, among: names) { reason += " Did you mean \"\(nearest)\"?" }
        throw SettingsFailure(source: source, path: isVariable ? "" : unused, reason: reason)
    }

    private func source(of name: String) -> String {
        if let label = labels[name] { return label }
        let isVariable = name.hasPrefix(SettingsSection.environmentPrefix)
        return isVariable ? "environment variable \(name)" : "override"
    }
}
