/// The words behind a command, read strictly. The command asks for each option by name. An option that it never asked
/// for is refused, with the nearest name that it did ask for.
///
///     let url = try arguments.value("--url")
///     let isJSON = try arguments.flag("--json")
///     let topics = try arguments.positionals(0...9)
///
/// An option's value follows it or `=`; a value that begins with `--` needs the `=`. After `--` all words are
/// positional. Call `positionals` last: only then are all options known.
struct Arguments {
    private var words: [String]
    /// Words that were taken already.
    private var isTaken: [Bool]
    /// Where the positional words after `--` begin.
    private let optionsEnd: Int
    private var knownNames: [String] = ["--help"]

    init(_ words: [String]) {
        var words = words
        optionsEnd = words.firstIndex(of: "--") ?? words.count
        if optionsEnd < words.count { words.remove(at: optionsEnd) }
        self.words = words
        isTaken = Array(repeating: false, count: words.count)
    }

    /// Whether the person asks for help, anywhere before `--`.
    var wantsHelp: Bool {
        words[..<optionsEnd].contains { $0 == "--help" || $0 == "-h" }
    }

    /// Whether the option `name`, which takes no value, is given.
    mutating func flag(_ name: String) throws(UsageFailure) -> Bool {
        knownNames.append(name)
        var isGiven = false
        for index in 0..<optionsEnd where !isTaken[index] {
            if words[index].hasPrefix(name + "=") { throw UsageFailure("\(name) takes no value") }
            guard words[index] == name else { continue }
            if isGiven { throw UsageFailure("\(name) is given twice") }
            isTaken[index] = true
            isGiven = true
        }
        return isGiven
    }

    /// The value of the option `name`; nil without it.
    mutating func value(_ name: String) throws(UsageFailure) -> String? {
        let values = try values(name)
        if values.count > 1 { throw UsageFailure("\(name) is given twice") }
        return values.first
    }

    /// The values of the option `name`, which may be repeated.
    mutating func values(_ name: String) throws(UsageFailure) -> [String] {
        knownNames.append(name)
        var values: [String] = []
        for index in 0..<optionsEnd where !isTaken[index] {
            if words[index].hasPrefix(name + "=") {
                isTaken[index] = true
                values.append(String(words[index].dropFirst(name.count + 1)))
            } else if words[index] == name {
                let next = index + 1
                guard next < optionsEnd, !isTaken[next], !words[next].hasPrefix("--") else {
                    throw UsageFailure("\(name) needs a value: \(name) VALUE")
                }
                isTaken[index] = true
                isTaken[next] = true
                values.append(words[next])
            }
        }
        return values
    }

    /// The value of the option `name` as a whole number within `range`.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageFailure) -> Int? {
        guard let text = try value(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageFailure(
                "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }

    /// The value of the option `name` as a number above zero, fractions allowed.
    mutating func positiveNumber(_ name: String) throws(UsageFailure) -> Double? {
        guard let text = try value(name) else { return nil }
        guard let number = Double(text), number > 0, number.isFinite else {
            throw UsageFailure("\(name) is a number above 0, not \"\(text)\"")
        }
        return number
    }

    /// The value of the option `name`, one of `choices`.
    mutating func choice(_ name: String, of choices: [String]) throws(UsageFailure) -> String? {
        guard let text = try value(name) else { return nil }
        guard choices.contains(text) else {
            throw UsageFailure("\(name) is one of \(choices.joined(separator: ", ")), not \"\(text)\"")
        }
        return text
    }

    /// The first word, which says what a command of several actions is to do. It stands before all options.
    mutating func action(of names: [String]) throws(UsageFailure) -> String {
        guard let first = words.first, optionsEnd > 0, names.contains(first) else {
            let found = words.first.map { "unknown action \"\($0)\"" } ?? "an action is missing"
            throw UsageFailure("\(found): \(names.joined(separator: ", ")) can be used")
        }
        isTaken[0] = true
        return first
    }

    /// All words that belong to no option; `count` says how many may be there. Refuses unknown options.
    mutating func positionals(_ count: ClosedRange<Int>) throws(UsageFailure) -> [String] {
        var found: [String] = []
        for index in words.indices where !isTaken[index] {
            if index < optionsEnd, isOption(words[index]) { throw unknown(words[index]) }
            isTaken[index] = true
            found.append(words[index])
        }
        if found.count > count.upperBound { throw UsageFailure("unexpected \"\(found[count.upperBound])\"") }
        if found.count < count.lowerBound { throw UsageFailure("an argument is missing") }
        return found
    }

    /// `--name`, or a dash and a letter; `-5` is a value and `-` a file.
    private func isOption(_ word: String) -> Bool {
        word.hasPrefix("--") || (word.hasPrefix("-") && word.dropFirst().first?.isLetter == true)
    }

    private func unknown(_ word: String) -> UsageFailure {
        let name = String(word.prefix { $0 != "=" })
        let nearest = knownNames.map { ($0, editDistance(name, $0)) }.min { $0.1 < $1.1 }
        guard let nearest, nearest.1 <= max(2, name.count / 3) else {
            return UsageFailure("unknown option \(name)")
        }
        return UsageFailure("unknown option \(name); did you mean \(nearest.0)?")
    }
}

/// Arguments that a command does not accept.
struct UsageFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// How many letters to insert, remove or change to turn one word into the other (Levenshtein).
func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (leftIndex, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = leftIndex + 1
        for index in right.indices {
            let substituted = diagonal + (letter == right[index] ? 0 : 1)
            diagonal = row[index + 1]
            row[index + 1] = min(substituted, diagonal + 1, row[index] + 1)
        }
    }
    return row[right.count]
}
