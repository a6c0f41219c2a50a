/// What was published, kept whole: every update of every topic, and what the broker may have forgotten of it.
struct Truth {
    struct Update {
        let sequence: UInt64
        let version: UInt64
        let isTombstone: Bool
        /// The update exactly as every reader must get it.
        let line: String
    }

    struct Topic {
        let number: Int
        let name: String
        /// How many updates its log keeps; 0: latest only.
        let keeps: Int
        var updates: [Update] = []
        /// Where in `updates` the present life begins: a purge ends one.
        var lifeStart = 0
        var isPurged = true

        var isEnded: Bool { updates.last?.isTombstone ?? true }

        /// The number of updates at or before `sequence`.
        func count(upTo sequence: UInt64) -> Int {
            var low = 0
            var high = updates.count
            while low < high {
                let middle = (low + high) / 2
                if updates[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// Where a snapshot taken at `sequence` begins.
        func snapshotStart(at sequence: UInt64) -> Int {
            let end = count(upTo: sequence)
            if end == 0 || updates[end - 1].isTombstone { return end }
            let afterTombstone = (updates[..<end].lastIndex { $0.isTombstone } ?? -1) + 1
            return max(afterTombstone, end - max(keeps, 1))
        }
    }

    let tombstoneLimit: Int
    private(set) var topics: [Topic] = []
    private(set) var numbers: [String: Int] = [:]
    /// Every line that a reader may get.
    private(set) var places: [String: (topic: Int, index: Int)] = [:]
    private(set) var sequence: UInt64 = 0
    private(set) var purgedSequence: UInt64 = 0
    private var purgedVersion: UInt64 = 0
    private var ended: [Int] = []

    init(tombstoneLimit: Int) {
        self.tombstoneLimit = tombstoneLimit
    }

    /// How many updates a log keeps is written in its name: `log3/p` keeps three.
    static func keeps(_ name: String) -> Int {
        name.hasPrefix("log") ? name.dropFirst(3).first?.wholeNumberValue ?? 0 : 0
    }

    /// Applies one published update as the protocol says; returns its version, nil when there is nothing to end.
    mutating func apply(_ name: String, data: String?, time: UInt64) -> UInt64? {
        if data == nil, numbers[name].map({ topics[$0].isEnded }) ?? true { return nil }
        let number = numbers[name] ?? topics.count
        if number == topics.count {
            topics.append(Topic(number: number, name: name, keeps: Self.keeps(name)))
            numbers[name] = number
        }
        sequence += 1
        if topics[number].isPurged { topics[number].lifeStart = topics[number].updates.count }
        let last = topics[number].isPurged ? purgedVersion : topics[number].updates.last?.version ?? 0
        topics[number].isPurged = false
        ended.removeAll { $0 == number }
        let tail = data.map { "\"data\":\($0)" } ?? "\"deleted\":true"
        let line = "{\"topic\":\"\(name)\",\"version\":\(last + 1),\"time\":\(time),\(tail)}"
        places[line] = (number, topics[number].updates.count)
        topics[number].updates.append(
            Update(sequence: sequence, version: last + 1, isTombstone: data == nil, line: line))
        if data == nil { end(number) }
        return last + 1
    }

    private mutating func end(_ number: Int) {
        ended.append(number)
        guard ended.count > tombstoneLimit, let update = topics[ended[0]].updates.last else { return }
        topics[ended.removeFirst()].isPurged = true
        purgedSequence = update.sequence
        purgedVersion = max(purgedVersion, update.version)
    }
}
