/// Which columns fit, how wide they are, and their texts for the visible rows.
internal import Client
internal import Primitives

struct TableColumns {
    enum Kind: Equatable {
        case topic
        case value
        case measure
        case change
        case changePercent
        case member(Int)
        case sparkline
        case age
        case conflated
    }

    struct Column {
        let kind: Kind
        let title: String
        var width: Int
        /// Columns behind the point, and for units. All rows share them, so that the points align.
        var fractionWidth = 0
        var unitWidth = 0
        /// Whether there is room for that; if not, numbers end at the right edge.
        var isAligned = true
    }

    /// A value as shown: aligned with the numbers above and below, or as it stands.
    enum Text {
        case number(NumberText)
        case words(String)
    }

    /// A row's texts, read once.
    struct Texts {
        var value: Text?
        /// What is measured; nil: it is a price.
        var measure: String?
        var change: NumberText?
        var changePercent: NumberText?
        var members: [Text?] = []
    }

    private(set) var columns: [Column] = []
    let texts: [Texts]

    private static let gap = 2
    private static let marginWidth = 2
    private static let widestSparkline = 80
    private static let narrowestNumber = 7
    /// Longer numbers are cut, and are whole in the detail.
    private static let widestNumber = 24
    /// Words beside numbers get this share of the width, and this many columns: they must not push numbers out.
    private static let wordsShare = 6
    private static let wordsWidth = 24

    init(_ rows: [TopicRow], of model: WatchModel, width: Int) {
        let members = Array(model.columns.enumerated().dropFirst(model.columnOffset))
        texts = rows.map { Self.texts(of: $0, members.map(\.element)) }
        let longest = rows.map { columnCount(of: $0.name) }.max() ?? 5
        let share = width < 60 ? width / 3 : width * 2 / 5
        var topic = Column(kind: .topic, title: "TOPIC", width: min(max(longest, 8), max(share, 8)))
        var left = width - Self.marginWidth - topic.width
        var chosen: [Column] = []
        func take(_ column: Column) {
            guard left >= column.width + Self.gap else { return }
            left -= column.width + Self.gap
            chosen.append(column)
        }
        take(Self.narrowed(column(.value, "LAST", texts.map(\.value), width: width), to: left - Self.gap))
        let memberColumns = members.enumerated().map { place, member in
            column(
                .member(member.offset), Self.title(of: member.element), texts.map { $0.members[place] },
                width: width)
        }
        let measureWidth = texts.compactMap { $0.measure.map { columnCount(of: $0) } }.max()
        if let measureWidth { take(Column(kind: .measure, title: "WHAT", width: max(measureWidth, 5))) }
        // Requested columns come first. Of the guessed ones, a quote's bid and ask matter more than the age.
        if model.hasChosenColumns { memberColumns.forEach(take) }
        if texts.contains(where: { $0.changePercent != nil }) || rows.isEmpty {
            take(numberColumn(.changePercent, "CHANGE%", texts.map(\.changePercent)))
        }
        let leastSparkline = width < 60 ? 8 : width < 100 ? 10 : 20
        take(Column(kind: .sparkline, title: "RECENT", width: leastSparkline))
        take(numberColumn(.change, "CHANGE", texts.map(\.change)))
        if !model.hasChosenColumns { memberColumns.prefix(2).forEach(take) }
        take(Column(kind: .age, title: "AGE", width: 4))
        take(Column(kind: .conflated, title: "CONFL", width: 6))
        if !model.hasChosenColumns { memberColumns.dropFirst(2).forEach(take) }
        if let place = chosen.firstIndex(where: { $0.kind == .sparkline }) {
            let more = min(left, Self.widestSparkline - leastSparkline)
            chosen[place].width += more
            left -= more
        }
        topic.width += min(max(left, 0), max(longest - topic.width, 0))
        columns = Self.arranged([topic] + chosen)
    }

    /// In reading order; they were chosen in order of importance.
    private static func arranged(_ columns: [Column]) -> [Column] {
        func rank(_ kind: Kind) -> Int {
            switch kind {
            case .topic: 0
            case .value: 1
            case .measure: 2
            case .change: 3
            case .changePercent: 4
            case .member(let place): 5 + place
            case .sparkline: 1000
            case .age: 1001
            case .conflated: 1002
            }
        }
        return columns.sorted { rank($0.kind) < rank($1.kind) }
    }

    private static func title(of path: MemberPath) -> String {
        var name = path.lastName
        for (long, short) in [("PerSecond", "/s"), ("Percent", "%"), ("Bytes", "")] {
            name = name.replacing(long, with: short)
        }
        return name.isEmpty ? path.lastName.uppercased() : name.uppercased()
    }

    /// What a metric measures, in words; its unit stands behind the number.
    private static func measure(_ path: MemberPath) -> String {
        var name = path.lastName
        for unit in ["PerSecond", "Percent", "Bytes"] { name = name.replacing(unit, with: "") }
        if name.isEmpty { name = path.lastName }
        return name.reduce(into: "") { words, letter in
            if letter.isUppercase, words.last?.isLowercase ?? false { words.append(" ") }
            words.append(letter.lowercased())
        }
    }

    /// A column of numbers, words, or both.
    private func column(_ kind: Kind, _ title: String, _ texts: [Text?], width: Int) -> Column {
        var numbers: [NumberText?] = []
        var longest = 0
        for case let text? in texts {
            switch text {
            case .number(let number): numbers.append(number)
            case .words(let words): longest = max(longest, columnCount(of: words))
            }
        }
        var column = numberColumn(kind, title, numbers)
        column.width = max(column.width, min(longest, Self.wordsWidth, width / Self.wordsShare))
        return column
    }

    private func numberColumn(_ kind: Kind, _ title: String, _ numbers: [NumberText?]) -> Column {
        let found = numbers.compactMap { $0 }
        var column = Column(kind: kind, title: title, width: 0)
        column.fractionWidth = found.map { $0.fraction.utf8.count }.max() ?? 0
        column.unitWidth = found.map { $0.unit.utf8.count }.max() ?? 0
        let whole = found.map { $0.whole.utf8.count }.max() ?? 0
        var numberWidth = whole + column.fractionWidth + column.unitWidth
        if numberWidth > Self.widestNumber {
            column.isAligned = false
            numberWidth = min(found.map { $0.text.utf8.count }.max() ?? 0, Self.widestNumber)
        }
        // A sort arrow is beside the title.
        column.width = max(numberWidth, columnCount(of: title) + 1, Self.narrowestNumber)
        return column
    }

    /// The column in `width`, if it does not fit otherwise.
    private static func narrowed(_ column: Column, to width: Int) -> Column {
        guard column.width > width, width >= narrowestNumber else { return column }
        var narrow = column
        (narrow.width, narrow.isAligned) = (width, false)
        return narrow
    }

    // MARK: A row's texts

    static func texts(of row: TopicRow, _ members: [MemberPath]) -> Texts {
        var texts = Texts()
        texts.members = members.map { row.valuePath == $0 ? nil : text(at: $0, in: row.value) }
        guard let path = row.valuePath, let raw = numberCharacters(at: path, in: row.value) else {
            texts.value = .words(Symbols.unicode.printable(words(of: row.value)))
            return texts
        }
        let value = NumberText(raw, name: path.lastName)
        texts.value = .number(value)
        if !row.isPrice { texts.measure = measure(path) }
        if let change = row.change {
            if value.isScaled, value.unit != "%" {
                texts.change = NumberText(change: change, name: path.lastName)
            } else {
                let decimals = [raw, row.base?.written ?? ""].map { NumberText.decimals(of: $0) }.max() ?? 0
                texts.change = NumberText(change: change, decimals: min(decimals, 6))
            }
        }
        if let percent = row.changePercent {
            texts.changePercent = NumberText(percent, decimals: 2, isSigned: true)
            texts.changePercent?.unit += "%"
        }
        return texts
    }

    private static func text(at path: MemberPath, in text: Span<UInt8>) -> Text? {
        if let raw = numberCharacters(at: path, in: text) {
            return .number(NumberText(raw, name: path.lastName))
        }
        guard let found = ValueReader.find(path, in: text) else { return nil }
        return .words(Symbols.unicode.printable(words(of: text.extracting(found.range))))
    }

    /// In the publisher's notation: 184.20 keeps its zero.
    static func numberCharacters(at path: MemberPath, in text: Span<UInt8>) -> String? {
        guard let found = ValueReader.find(path, in: text),
            let range = ValueReader.numberRange(found, in: text)
        else { return nil }
        return text.extracting(range).text
    }

    /// A string without its quotes; anything else unchanged.
    private static func words(of text: Span<UInt8>) -> String {
        var scanner = JSONScanner(text)
        guard scanner.peek() == .string else { return text.text }
        do {
            return String(decoding: try scanner.string().decoded(in: text) ?? [], as: UTF8.self)
        } catch {
            return text.text
        }
    }
}
