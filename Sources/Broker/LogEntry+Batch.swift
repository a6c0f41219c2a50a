/// The content of entries: a batch is a table of its updates, and behind it all their names and values.
internal import Primitives

extension UpdateBatch {
    private enum Code {
        static let value: UInt8 = 0
        static let tombstone: UInt8 = 1
        static let due: UInt8 = 2
    }

    /// For each update: kind, the name's bytes, the time to live, the value's bytes, the publisher's moment.
    private static var rowByteCount: Int { 1 + 2 + 2 + 4 + 8 }

    /// How many bytes `write` takes.
    var writtenByteCount: Int { 8 + count * Self.rowByteCount + text.count }

    func write(to output: inout ByteBuffer) {
        output.reserve(writtenByteCount)
        output.append(littleEndian: UInt32(count))
        output.append(littleEndian: UInt32(text.count))
        for entry in entries {
            let (code, byteCount) =
                switch entry.content {
                case .value(let byteCount): (Code.value, byteCount)
                case .tombstone: (Code.tombstone, 0)
                case .due: (Code.due, 0)
                }
            output.append(code)
            output.append(littleEndian: UInt16(entry.topicByteCount))
            output.append(littleEndian: entry.options.timeToLive.bits)
            output.append(littleEndian: UInt32(byteCount))
            output.append(littleEndian: entry.options.moment?.milliseconds ?? .max)
        }
        output.append(text.unsafeBytes)
    }

    /// Replaces all updates by those that stand there.
    mutating func read(_ reader: inout ByteReader) throws(LogEntryFailure) {
        removeAll()
        guard let count = reader.number(UInt32.self), let byteCount = reader.number(UInt32.self),
            let table = reader.bytes(Int(count) * Self.rowByteCount),
            let text = reader.bytes(Int(byteCount)), reader.isAtEnd
        else { throw LogEntryFailure("its batch does not fill it") }
        var rows = ByteReader(table)
        var place = 0
        for _ in 0..<count { place += try readRow(&rows, at: place) }
        guard place == text.count else {
            removeAll()
            throw LogEntryFailure("the lengths of its names and values do not add up")
        }
        append(text: text)
    }

    /// Returns how many bytes of the text belong to it.
    private mutating func readRow(_ rows: inout ByteReader, at place: Int) throws(LogEntryFailure) -> Int {
        guard let code = rows.number(UInt8.self), let topicByteCount = rows.number(UInt16.self),
            let timeToLive = rows.number(UInt16.self), let byteCount = rows.number(UInt32.self),
            let moment = rows.number(UInt64.self)
        else { throw LogEntryFailure("its table is cut off") }
        let content: Entry.Content
        switch code {
        case Code.value: content = .value(byteCount: Int(byteCount))
        case Code.tombstone where byteCount == 0: content = .tombstone
        case Code.due where byteCount == 0: content = .due
        default: throw LogEntryFailure("an update of it is of a kind, \(code), that is none")
        }
        var options = UpdateOptions.none
        options.timeToLive = TimeToLive(bits: timeToLive)
        options.moment = moment == .max ? nil : UnixTime(milliseconds: moment)
        append(
            Entry(
                topicStart: place, topicByteCount: Int(topicByteCount), content: content, options: options))
        return Int(topicByteCount) + Int(byteCount)
    }
}

extension Sequencer.Retention {
    /// The rules that decide numbers and what is kept. How many topics there may be decides neither: that is asked before.
    func write(to output: inout ByteBuffer) {
        output.append(littleEndian: UInt64(tombstoneLimit))
        output.append(littleEndian: UInt32(logs.count))
        for rule in logs { Self.write(rule.pattern, UInt64(rule.updateCount), to: &output) }
        for rules in [timesToLive, staleness] {
            output.append(littleEndian: UInt32(rules.count))
            for rule in rules { Self.write(rule.pattern, rule.interval.nanoseconds, to: &output) }
        }
        output.append(littleEndian: UInt64(keyLimit))
        output.append(littleEndian: keyLife.nanoseconds)
    }

    private static func write(_ pattern: TopicPattern, _ number: UInt64, to output: inout ByteBuffer) {
        output.append(littleEndian: number)
        output.append(littleEndian: UInt32(pattern.text.count))
        output.append(pattern.text)
    }

    /// Replaces the rules by those that stand there.
    mutating func read(_ reader: inout ByteReader) throws(LogEntryFailure) {
        guard let tombstoneLimit = reader.number(UInt64.self) else {
            throw LogEntryFailure("its rules are cut off")
        }
        self.tombstoneLimit = Int(clamping: tombstoneLimit)
        logs = try Self.readRules(&reader).map { ($0.pattern, Int(clamping: $0.number)) }
        timesToLive = try Self.readRules(&reader).map { ($0.pattern, Interval(nanoseconds: $0.number)) }
        staleness = try Self.readRules(&reader).map { ($0.pattern, Interval(nanoseconds: $0.number)) }
        // Folders from before there were keys say nothing of them.
        if reader.isAtEnd { return }
        guard let keyLimit = reader.number(UInt64.self), let keyLife = reader.number(UInt64.self) else {
            throw LogEntryFailure("its rules are cut off")
        }
        self.keyLimit = Int(clamping: keyLimit)
        self.keyLife = Interval(nanoseconds: keyLife)
    }

    private static func readRules(
        _ reader: inout ByteReader
    ) throws(LogEntryFailure) -> [(pattern: TopicPattern, number: UInt64)] {
        var rules: [(pattern: TopicPattern, number: UInt64)] = []
        guard let count = reader.number(UInt32.self) else { throw LogEntryFailure("its rules are cut off") }
        for _ in 0..<count {
            guard let number = reader.number(UInt64.self), let text = reader.countedBytes(),
                let pattern = try? TopicPattern(text.span)
            else { throw LogEntryFailure("its rules are cut off") }
            rules.append((pattern, number))
        }
        return rules
    }
}
