/// Which rows are shown, and in which order.
internal import Client
internal import Primitives

package struct SortOrder: Sendable, Equatable {
    package enum Column: Sendable, Equatable {
        case topic
        case value
        case change
        case changePercent
        /// An index into the model's columns.
        case member(Int)
        case age
        case conflated
    }

    package var column = Column.topic
    package var isDescending = false

    package init() {}

    /// Moves to the next column; there are `memberCount` member columns.
    mutating func step(memberCount: Int) {
        let members = (0..<memberCount).map { Column.member($0) }
        let all = [.topic, .value, .change, .changePercent] + members + [.age, .conflated]
        let place = all.firstIndex(of: column) ?? 0
        column = all[(place + 1) % all.count]
        // Names start at A, numbers at the largest, ages at the smallest.
        isDescending = column != .topic && column != .age
    }

    func order(
        of rows: [TopicRow], showing filter: String, without dropped: Set<[UInt8]>, columns: [MemberPath]
    ) -> [Int] {
        let wanted = filter.lowercased()
        let shown = rows.indices.filter { place in
            (wanted.isEmpty || rows[place].name.lowercased().contains(wanted))
                && (dropped.isEmpty || !dropped.contains(rows[place].topic))
        }
        guard column != .topic else {
            let sorted = shown.sorted { rows[$0].topic.lexicographicallyPrecedes(rows[$1].topic) }
            return isDescending ? sorted.reversed() : sorted
        }
        let keyed = shown.map { Keyed(place: $0, key: key(of: rows[$0], columns)) }
        return keyed.sorted { precedes($0, $1, rows) }.map(\.place)
    }

    /// The value that a row is sorted by.
    private enum Key {
        case number(Numeral)
        case words(String)
        case nothing
    }

    private struct Keyed {
        let place: Int
        let key: Key
    }

    /// Numbers come before words. Rows with neither come last in both directions. Equal rows are sorted by name, so
    /// that they stay in place.
    private func precedes(_ left: Keyed, _ right: Keyed, _ rows: [TopicRow]) -> Bool {
        switch (left.key, right.key) {
        case (.number(let a), .number(let b)) where a != b: isDescending ? b < a : a < b
        case (.words(let a), .words(let b)) where a != b: isDescending ? a > b : a < b
        case (.number, .words), (.number, .nothing), (.words, .nothing): true
        case (.words, .number), (.nothing, .number), (.nothing, .words): false
        default: rows[left.place].topic.lexicographicallyPrecedes(rows[right.place].topic)
        }
    }

    private func key(of row: TopicRow, _ columns: [MemberPath]) -> Key {
        let number: Numeral? =
            switch column {
            case .topic: nil
            case .value: row.numeral
            case .change: row.change.map(Numeral.init)
            case .changePercent: row.changePercent.map(Numeral.init)
            case .member(let place):
                place < columns.count ? ValueReader.numeral(at: columns[place], in: row.value) : nil
            case .age: Numeral(-Double(row.update.moment))
            case .conflated: Numeral(Double(row.conflatedCount))
            }
        if let number { return .number(number) }
        guard case .member(let place) = column, place < columns.count,
            let found = ValueReader.find(columns[place], in: row.value)
        else { return .nothing }
        return .words(row.value.extracting(found.range).text)
    }
}
