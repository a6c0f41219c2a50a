/// One object of a settings file. It remembers which keys were asked for, so that `finish()` can refuse the rest.
///
/// The caller asks for each key it knows, with its default and range. An override (a flag or an environment variable)
/// replaces the file's value, and is read as the type that the caller wants.
internal import Primitives

package struct SettingsSection {
    /// "" at the root, then "feeds.host".
    package let path: String
    let members: [JSONValue.Member]
    let record: SettingsRecord

    /// The root of a file. `overrides` are keyed by path ("http.port") or by environment variable
    /// ("TIDEGATE_HTTP_PORT"); `labels` says, under the same keys, where each was given ("--port").
    package init(
        parsing text: [UInt8], file: String, overrides: [String: String], labels: [String: String] = [:]
    ) throws(SettingsFailure) {
        let text = text.span.afterByteOrderMark.array
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw SettingsFailure(error, in: text, file: file)
        }
        guard case .object(let members) = value else {
            throw SettingsFailure(
                source: file, path: "", reason: "found \(value.found), an object is wanted")
        }
        self.init(
            path: "", members: members,
            record: SettingsRecord(file: file, text: text, overrides: overrides, labels: labels))
    }

    init(path: String, members: [JSONValue.Member], record: SettingsRecord) {
        self.path = path
        self.members = members
        self.record = record
    }

    /// The file that the settings came from.
    package var file: String { record.file }

    /// What was read so far of all sections.
    package var effective: EffectiveSettings { record.effective }

    /// Tells two values apart that are the same text: what stands in the file that the key's value names.
    package func note(content: String, of key: String) {
        record.effective.note(content: content, at: path(of: key))
    }

    /// Keeps the key's value out of sight.
    package func conceal(_ key: String) {
        record.effective.conceal(path(of: key))
    }

    /// Whether the file has the key.
    package func has(_ key: String) -> Bool { value(of: key) != nil }

    // MARK: Values

    package mutating func integer(
        _ key: String, default standard: Int, in range: ClosedRange<Int>
    ) throws(SettingsFailure) -> Int {
        try read(key, default: standard, wanted: "a whole number \(Self.bounds(range))") { value in
            guard let text = value.number, let number = Self.wholeNumber(text), range.contains(number)
            else { return nil }
            return number
        }
    }

    package mutating func number(
        _ key: String, default standard: Double, in range: ClosedRange<Double>
    ) throws(SettingsFailure) -> Double {
        try read(key, default: standard, wanted: "a number \(Self.bounds(range))") { value in
            guard let text = value.number, let number = Double(text), range.contains(number)
            else { return nil }
            return number
        }
    }

    package mutating func boolean(
        _ key: String, default standard: Bool
    ) throws(SettingsFailure) -> Bool {
        try read(key, default: standard, wanted: "true or false") { $0.boolean }
    }

    /// Nil where the key is absent.
    package mutating func optionalBoolean(_ key: String) throws(SettingsFailure) -> Bool? {
        try read(key, default: nil, wanted: "true or false") { $0.boolean.map(Optional.some) }
    }

    package mutating func text(
        _ key: String, default standard: String
    ) throws(SettingsFailure) -> String {
        try read(key, default: standard, wanted: "a string") { $0.text }
    }

    package mutating func optionalText(_ key: String) throws(SettingsFailure) -> String? {
        try read(key, default: nil, wanted: "a string") { $0.text.map(Optional.some) }
    }

    package mutating func choice<C: RawRepresentable & CaseIterable>(
        _ key: String, default standard: C
    ) throws(SettingsFailure) -> C where C.RawValue == String {
        let names = C.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        // Read as the text that it is.
        let name = try read(key, default: standard.rawValue, wanted: "one of \(names)") { value in
            value.text.flatMap { C(rawValue: $0)?.rawValue }
        }
        return C(rawValue: name) ?? standard
    }

    /// Seconds, with a fraction where that is needed.
    package mutating func duration(
        _ key: String, default standard: Duration, in range: ClosedRange<Duration>
    ) throws(SettingsFailure) -> Duration {
        try seconds(key, default: standard, in: range) ?? standard
    }

    /// The same; nil where the key is absent.
    package mutating func optionalDuration(
        _ key: String, in range: ClosedRange<Duration>
    ) throws(SettingsFailure) -> Duration? {
        try seconds(key, default: nil, in: range)
    }

    private func seconds(
        _ key: String, default standard: Duration?, in range: ClosedRange<Duration>
    ) throws(SettingsFailure) -> Duration? {
        let seconds = range.lowerBound.asSeconds...range.upperBound.asSeconds
        let wanted = "a number of seconds \(Self.bounds(seconds))"
        return try read(key, default: standard, wanted: wanted) { value in
            guard let text = value.number, let number = Double(text), seconds.contains(number)
            else { return nil }
            // Through whole nanoseconds: 0.3 must be 300 ms, not 299.999999 ms and some attoseconds.
            return .some(number < 1e9 ? .nanoseconds(Int64((number * 1e9).rounded())) : .seconds(number))
        }
    }

    /// As an override: separated by commas.
    package mutating func texts(
        _ key: String, default standard: [String]
    ) throws(SettingsFailure) -> [String] {
        try read(key, default: standard, wanted: "an array of strings") { $0.texts }
    }

    /// The same; nil where the key is absent.
    package mutating func optionalTexts(_ key: String) throws(SettingsFailure) -> [String]? {
        try read(key, default: nil, wanted: "an array of strings") { $0.texts.map(Optional.some) }
    }

    /// As an override: `name=text`, separated by commas. Empty where the key is absent.
    package mutating func textMap(_ key: String) throws(SettingsFailure) -> [String: String] {
        try read(key, default: [:], wanted: "an object of strings") { $0.textMap }
    }

    /// A refusal for a reason that only the caller knows.
    package func refusal(of key: String, because reason: String) -> SettingsFailure {
        let path = path(of: key)
        return SettingsFailure(
            source: record.override(of: path)?.source ?? place(of: key), path: path, reason: reason)
    }

    // MARK: How a value is read

    private func read<Value: Shown>(
        _ key: String, default standard: Value, wanted: String, _ convert: (GivenValue) -> Value?
    ) throws(SettingsFailure) -> Value {
        record.remember(key, in: path)
        let path = path(of: key)
        if let override = record.override(of: path) {
            if let value = convert(.override(override.text)) {
                if let text = value.shown { record.effective.note(text, at: path, from: override.source) }
                return value
            }
            throw SettingsFailure(
                source: override.source, path: path,
                reason: "found \"\(abridged(override.text))\", \(wanted) is wanted")
        }
        guard let found = value(of: key) else {
            if let text = standard.shown { record.effective.note(text, at: path, from: nil) }
            return standard
        }
        if let value = convert(.file(found)) {
            if let text = value.shown { record.effective.note(text, at: path, from: place(of: key)) }
            return value
        }
        throw SettingsFailure(
            source: place(of: key), path: path, reason: "found \(found.found), \(wanted) is wanted")
    }

    func value(of key: String) -> JSONValue? { member(of: key)?.value }

    private func member(of key: String) -> JSONValue.Member? { members.first { $0.key == key } }

    /// The file, and the line where the key stands in it: "config.json:12".
    func place(of key: String) -> String {
        member(of: key).map { record.place(of: $0) } ?? record.file
    }

    func path(of key: String) -> String {
        path.isEmpty ? key : path + "." + key
    }

    /// 5.0 and 1e3 are whole too.
    private static func wholeNumber(_ text: String) -> Int? {
        Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    private static func bounds(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }

    private static func bounds(_ range: ClosedRange<Double>) -> String {
        let lower = range.lowerBound.plain
        return range.upperBound.isFinite && range.upperBound < 1e15
            ? "from \(lower) to \(range.upperBound.plain)" : "from \(lower)"
    }
}
