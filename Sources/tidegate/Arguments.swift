/// The words after the command's name, taken one by one by whoever knows them.
struct Arguments {
    private var words: [String]
    private var known: [String] = []

    init(_ words: [String]) {
        self.words = words
    }

    /// Takes `--name` if it is there.
    mutating func flag(_ name: String) throws -> Bool {
        known.append(name)
        guard let at = words.firstIndex(of: "--\(name)") else { return false }
        words.remove(at: at)
        return true
    }

    /// Takes `--name value` or `--name=value`.
    mutating func value(_ name: String) throws -> String? {
        known.append(name)
        if let at = words.firstIndex(where: { $0.hasPrefix("--\(name)=") }) {
            return String(words.remove(at: at).dropFirst(name.count + 3))
        }
        guard let at = words.firstIndex(of: "--\(name)") else { return nil }
        guard at + 1 < words.count else { throw UsageFailure("--\(name) wants a value") }
        words.remove(at: at)
        return words.remove(at: at)
    }

    /// Refuses what nobody took.
    func finish() throws {
        if let word = words.first {
            throw UsageFailure(
                "unknown argument \"\(word)\"; known: \(known.map { "--\($0)" }.joined(separator: ", "))")
        }
    }

    mutating func isHelpWanted() -> Bool { words.contains("--help") || words.contains("-h") }
}
