/// Sections in sections, and the refusal of unknown keys.
extension SettingsSection {
    /// The object at `key`; an empty one when the key is absent.
    package mutating func section(_ key: String) throws(SettingsFailure) -> SettingsSection {
        rememberSection(key)
        guard let value = value(of: key) else { return nested(key, []) }
        return nested(key, try object(value, at: path(of: key), place(of: key)))
    }

    /// The same; nil when neither the file nor an override has anything of it.
    package mutating func optionalSection(_ key: String) throws(SettingsFailure) -> SettingsSection? {
        let section = try section(key)
        let isGiven = value(of: key) != nil || record.hasOverride(below: section.path)
        return isGiven ? section : nil
    }

    /// An object of objects whose names are free, in the order of the names. It includes names that only an override
    /// mentions by path ("feeds.host.interval").
    package mutating func namedSections(
        _ key: String
    ) throws(SettingsFailure) -> [(name: String, section: SettingsSection)] {
        var outer = try section(key)
        let names = outer.members.map(\.key) + record.overriddenNames(below: outer.path)
        var named: [(name: String, section: SettingsSection)] = []
        for name in Set(names).sorted() {
            record.effective.note(namedSection: outer.path(of: name))
            named.append((name, try outer.section(name)))
        }
        return named
    }

    /// An array of objects; the first is named "key.0". Overrides by path ("key.0.port") may add to it. Empty when the key is
    /// absent.
    package mutating func sections(_ key: String) throws(SettingsFailure) -> [SettingsSection] {
        rememberSection(key)
        var elements: [JSONValue] = []
        if let value = value(of: key) {
            guard case .array(let given) = value else {
                throw SettingsFailure(
                    source: place(of: key), path: path(of: key),
                    reason: "found \(value.found), an array of objects is wanted")
            }
            elements = given
        }
        while record.hasOverride(below: "\(path(of: key)).\(elements.count)") { elements.append(.object([])) }
        var sections: [SettingsSection] = []
        for (index, element) in elements.enumerated() {
            let name = "\(key).\(index)"
            sections.append(nested(name, try object(element, at: path(of: name), place(of: key))))
        }
        return sections
    }

    /// Refuses the first key of this section that was not asked for. The root is finished last, and also refuses
    /// overrides that no key has taken. A nested section finishes itself.
    package func finish() throws(SettingsFailure) {
        let known = record.knownKeys(of: path)
        if let unknown = members.first(where: { !known.contains($0.key) }) {
            throw SettingsFailure(
                source: record.place(of: unknown), unknown: path(of: unknown.key), name: unknown.key,
                known: known)
        }
        if path.isEmpty { try record.checkOverrides() }
    }

    private func rememberSection(_ key: String) {
        record.remember(key, in: path)
        record.rememberSection(path(of: key))
    }

    private func nested(_ key: String, _ members: [JSONValue.Member]) -> SettingsSection {
        SettingsSection(path: path(of: key), members: members, record: record)
    }

    private func object(
        _ value: JSONValue, at path: String, _ place: String
    ) throws(SettingsFailure) -> [JSONValue.Member] {
        if case .object(let members) = value { return members }
        throw SettingsFailure(
            source: place, path: path, reason: "found \(value.found), an object is wanted")
    }
}
