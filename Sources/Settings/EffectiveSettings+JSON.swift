/// The settings of a running gateway as it shows them: `GET /operations/settings`.
package import Primitives

extension EffectiveSettings {
    /// The same, but of what stands in files, and of secrets, no more than a mark that tells two apart.
    package func marked(_ mark: (String) -> String) -> EffectiveSettings {
        var settings = EffectiveSettings()
        settings.entries = entries.map { entry in
            var entry = entry
            if !entry.content.isEmpty { entry.content = mark(entry.content) }
            return entry
        }
        return settings
    }

    /// `{"settings":[{"path":"port","key":"port","value":8080,"source":"config.json:3"},…]}`; without `source` where the default
    /// stands, with `mark` where the value is not all. Of settings that are `marked`.
    package var json: ByteBuffer {
        var text = ByteBuffer()
        text.append("{\"settings\":[")
        for (place, entry) in entries.enumerated() {
            text.append(place > 0 ? ",\n{\"path\":" : "\n{\"path\":")
            text.append(jsonString: entry.path)
            text.append(member: "key", entry.key)
            text.append(",\"value\":")
            text.append(Array(entry.value.utf8).span)
            text.append(member: "source", entry.source)
            text.append(member: "mark", entry.content.isEmpty ? nil : entry.content)
            text.append("}")
        }
        text.append("]}\n")
        return text
    }

    /// Reads what `json` has written; members that it does not know are for later versions.
    package init(json: Span<UInt8>) throws(JSONFailure) {
        self.init()
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            guard name.equals("settings", in: json) else {
                _ = try scanner.value()
                continue
            }
            try scanner.enterArray()
            while try scanner.nextElement() { entries.append(try Entry(&scanner)) }
        }
    }
}

extension EffectiveSettings.Entry {
    fileprivate init(_ scanner: inout JSONScanner) throws(JSONFailure) {
        var (path, key, value, content) = ("", "", "null", "")
        var source: String?
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("value", in: scanner.bytes) {
                value = scanner.bytes.extracting(try scanner.value()).text
                continue
            }
            guard scanner.peek() == .string else {
                _ = try scanner.value()
                continue
            }
            let string = try scanner.string()
            let text = string.decoded(in: scanner.bytes).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if name.equals("path", in: scanner.bytes) { path = text }
            if name.equals("key", in: scanner.bytes) { key = text }
            if name.equals("source", in: scanner.bytes) { source = text }
            if name.equals("mark", in: scanner.bytes) { content = text }
        }
        self.init(path: path, value: value, source: source, content: content, key: key)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(member name: StaticString, _ text: String?) {
        guard let text else { return }
        append(",\"")
        append(name)
        append("\":")
        append(jsonString: text)
    }
}
