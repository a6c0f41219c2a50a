/// What each setting stands at, and where that was said.
package struct EffectiveSettings: Sendable {
    package struct Entry: Sendable {
        /// "access.keys.0.name"
        package let path: String
        /// As JSON; of a secret a mark that one is there.
        package fileprivate(set) var value: String
        /// The file, the variable or the flag; nil: the default stands.
        package let source: String?
        /// What else tells two values apart: what stands in the file that the value names, or the secret itself.
        var content = ""
        /// The setting that it belongs to: a list is one, and so is a section whose name is free.
        let key: String

        fileprivate static let secret = "\"…\""
        fileprivate var isSecret: Bool { value == Self.secret }
    }

    /// In the order in which they were asked for.
    package internal(set) var entries: [Entry] = []
    /// "feeds.host"
    private var namedSections: [String] = []

    package init() {}

    mutating func note(namedSection path: String) {
        namedSections.append(path)
    }

    mutating func note(_ value: String, at path: String, from source: String?) {
        if path.hasPrefix("$") { return }
        entries.removeAll { $0.path == path }
        entries.append(Entry(path: path, value: value, source: source, key: key(of: path)))
    }

    private func key(of path: String) -> String {
        if let section = namedSections.last(where: { path.hasPrefix($0 + ".") }) { return section }
        let parts = path.split(separator: ".").prefix { $0.contains { !("0"..."9").contains($0) } }
        return parts.joined(separator: ".")
    }

    mutating func note(content: String, at path: String) {
        guard let place = entries.firstIndex(where: { $0.path == path }) else { return }
        entries[place].content = content
    }

    mutating func conceal(_ path: String) {
        guard let place = entries.firstIndex(where: { $0.path == path }) else { return }
        entries[place].content = entries[place].value
        entries[place].value = Entry.secret
    }

    /// All values of a setting, by their paths.
    package func values(of key: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: entries.lazy.filter { $0.key == key }.map { ($0.path, $0.value) })
    }

    // MARK: Other settings

    /// What is different about other settings, and how many keys are the same.
    package struct Difference: Sendable, Equatable {
        package var taken: [String] = []
        package var left: [String] = []
        package var sameCount = 0
    }

    /// Takes of `other` each setting that `isTaken`, and what stands anew in files that it names as before.
    package mutating func take(
        _ other: EffectiveSettings, where isTaken: (String) -> Bool
    ) -> Difference {
        var difference = Difference()
        let (own, others) = (byKey, other.byKey)
        var entries: [Entry] = []
        for key in Set(own.keys).union(others.keys).sorted() {
            let (before, after) = (own[key] ?? [], others[key] ?? [])
            let isSame = before.elementsEqual(after) { $0.path == $1.path && $0.value == $1.value }
            let renewed = isSame ? zip(before, after).filter { $0.content != $1.content }.map(\.1) : []
            if isSame, renewed.isEmpty {
                difference.sameCount += 1
            } else if isSame, !renewed.contains(where: \.isSecret) {
                difference.taken += renewed.map(\.path)
            } else if isTaken(key) {
                difference.taken.append(key)
            } else {
                difference.left.append(key)
            }
            entries += isSame || isTaken(key) ? after : before
        }
        self.entries = entries
        return difference
    }

    private var byKey: [String: [Entry]] { Dictionary(grouping: entries, by: \.key) }
}
