@testable import Broker

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
        /// How long the latest update says that it lasts, and when it ends or counts as stale, by the world's clock.
        var given: UInt64?
        var endDue: UInt64?
        var staleDue: UInt64?
        /// The number of what said that the latest update is stale.
        var staleSequence: UInt64?

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
    /// Every notice of staleness: of which update, and its number.
    private(set) var notices: [String: (topic: Int, index: Int, sequence: UInt64)] = [:]
    private(set) var sequence: UInt64 = 0
    private(set) var purgedSequence: UInt64 = 0
    private var purgedVersion: UInt64 = 0
    private var ended: [Int] = []
    private(set) var keyed: [UInt64: Keyed] = [:]

    init(tombstoneLimit: Int) {
        self.tombstoneLimit = tombstoneLimit
    }

    /// How many updates a log keeps is written in its name: `log3/p` keeps three.
    static func keeps(_ name: String) -> Int {
        name.hasPrefix("log") ? name.dropFirst(3).first?.wholeNumberValue ?? 0 : 0
    }

    /// Applies one published update as the protocol says; returns its version, nil when there is nothing to end.
    mutating func apply(
        _ name: String, data: String?, time: UInt64, lasting given: UInt64? = nil, isExpiry: Bool = false
    ) -> UInt64? {
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
        let tail =
            data.map { "\"data\":\($0)" }
            ?? (isExpiry ? "\"deleted\":true,\"expired\":true" : "\"deleted\":true")
        let line = "{\"topic\":\"\(name)\",\"version\":\(last + 1),\"time\":\(time),\(tail)}"
        places[line] = (number, topics[number].updates.count)
        topics[number].updates.append(
            Update(sequence: sequence, version: last + 1, isTombstone: data == nil, line: line))
        topics[number].given = given
        beginLifetime(of: number, at: time)
        if data == nil { end(number) }
        return last + 1
    }

    // MARK: Guards

    static let keyLife: UInt64 = 300

    /// What came under a key.
    struct Keyed {
        let draft: Draft
        let result: Result<UInt64?, VersionConflict>
        let since: UInt64
    }

    /// What the topic holds; 0: no value.
    func presentVersion(of name: String) -> UInt64 {
        guard let number = numbers[name], !topics[number].isEnded, !topics[number].isPurged else { return 0 }
        return topics[number].updates.last?.version ?? 0
    }

    /// Publishes a batch as the protocol says; returns the last version.
    mutating func publish(_ draft: Draft, at time: UInt64) -> Result<UInt64?, PublishFailure> {
        if let key = draft.key, let before = keyed[key], time < before.since + Self.keyLife {
            return before.draft == draft ? before.result.mapError { .conflict($0) } : .failure(.keyReused)
        }
        let result = take(draft, at: time)
        if let key = draft.key { keyed[key] = Keyed(draft: draft, result: result, since: time) }
        return result.mapError { .conflict($0) }
    }

    private mutating func take(_ draft: Draft, at time: UInt64) -> Result<UInt64?, VersionConflict> {
        for (place, update) in draft.updates.enumerated() {
            let present = presentVersion(of: update.name)
            if let condition = update.condition, !condition.holds(at: present) {
                return .failure(VersionConflict(update: place, version: present))
            }
        }
        var last: UInt64?
        for update in draft.updates {
            last = apply(update.name, data: update.data, time: time, lasting: update.given)
        }
        return .success(last)
    }

    // MARK: Lifetimes

    /// How long a value lasts that says nothing of it, and when it is stale: `fx` and some others have rules.
    static func timeToLive(_ name: String) -> UInt64? { name.hasPrefix("a/1/") ? 60 : nil }
    static func staleAfter(_ name: String) -> UInt64? {
        name.hasPrefix("b/") || name.hasPrefix("log3/") ? 40 : nil
    }
    /// A timer may come so much later.
    static var tick: UInt64 { 16 }

    private mutating func beginLifetime(of number: Int, at time: UInt64) {
        let topic = topics[number]
        // It is rounded up to ticks.
        let given = topic.given.map { ($0 + Self.tick - 1) / Self.tick * Self.tick }
        let lasting = given ?? Self.timeToLive(topic.name)
        topics[number].endDue = topic.isEnded ? nil : lasting.map { time + $0 }
        topics[number].staleDue = topic.isEnded ? nil : Self.staleAfter(topic.name).map { time + $0 }
        topics[number].staleSequence = nil
    }

    /// A topic has ended by itself.
    mutating func expire(_ name: String, at time: UInt64) throws(SimulationFailure) {
        guard let number = numbers[name], let due = topics[number].endDue, due <= time else {
            throw SimulationFailure("\(name) ended by itself at \(time), before its time")
        }
        _ = apply(name, data: nil, time: time, isExpiry: true)
    }

    mutating func becomeStale(_ name: String, notice: String, at time: UInt64) throws(SimulationFailure) {
        guard let number = numbers[name], let due = topics[number].staleDue, due <= time else {
            throw SimulationFailure("\(name) is called stale at \(time), and is not")
        }
        guard notice == "\"topic\":\"\(name)\",\"since\":\(due)" else {
            throw SimulationFailure("\(name) is stale since \(due): \(notice)")
        }
        sequence += 1
        topics[number].staleDue = nil
        topics[number].staleSequence = sequence
        notices[notice] = (number, topics[number].updates.count - 1, sequence)
    }

    /// What should have ended or be called stale by now.
    func overdue(at time: UInt64) -> String? {
        topics.first { topic in
            [topic.endDue, topic.staleDue].contains { $0.map { $0 + Self.tick <= time } ?? false }
        }?.name
    }

    private mutating func end(_ number: Int) {
        ended.append(number)
        guard ended.count > tombstoneLimit, let update = topics[ended[0]].updates.last else { return }
        topics[ended.removeFirst()].isPurged = true
        purgedSequence = update.sequence
        purgedVersion = max(purgedVersion, update.version)
    }
}
