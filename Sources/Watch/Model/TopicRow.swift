/// One topic as this terminal knows it: the latest update, and its history.
package import Client
package import Primitives

package struct TopicRow: Sendable {
    package let topic: [UInt8]
    package let name: String
    package private(set) var update: Update
    /// When its latest change arrived, and the direction of its value: -1, 0 or 1.
    package private(set) var changedAt: Instant
    package private(set) var direction = 0
    /// Since when its value counts as stale, Unix milliseconds; nil: it does not.
    package private(set) var staleSince: UInt64?
    /// Updates that newer ones replaced on the way.
    package private(set) var conflatedCount: UInt64 = 0
    /// The latest snapshot that named it. A topic that the next one does not name is gone.
    package private(set) var generation: Int
    /// The member that is its value, and the one that its change is measured from. The first update decides both.
    package private(set) var valuePath: MemberPath?
    package private(set) var openPath: MemberPath?
    /// Whether its value is a price rather than a metric.
    package private(set) var isPrice = false
    /// The value, if it is a number.
    package private(set) var numeral: Numeral?
    /// The first number that arrived.
    private var first: Numeral?
    package private(set) var history = History()

    init(_ update: Update, generation: Int, now: Instant) {
        self.update = update
        self.generation = generation
        topic = update.topic
        name = String(decoding: update.topic, as: UTF8.self)
        changedAt = .init(nanoseconds: 0)
        readPaths()
    }

    /// The value's JSON.
    package var value: Span<UInt8> {
        @_lifetime(borrow self) get {
            update.line.span.extracting(update.data ?? 0..<0)
        }
    }

    /// Takes a newer update; returns whether it was new. A repeat by a snapshot is not.
    mutating func take(_ newer: Update, generation: Int, now: Instant) -> Bool {
        if generation == self.generation {
            guard newer.version > update.version else { return false }
            conflatedCount &+= newer.version - update.version - 1
        } else {
            // Versions may have restarted, so only the content shows whether it is new.
            self.generation = generation
            staleSince = nil
            if newer.version == update.version, newer.time == update.time { return false }
            if newer.version > update.version { conflatedCount &+= newer.version - update.version - 1 }
        }
        update = newer
        staleSince = nil
        if valuePath == nil { readPaths() } else { readNumber(now: now) }
        return true
    }

    mutating func becomeStale(since time: UInt64) { staleSince = time }

    private mutating func readPaths() {
        valuePath = ColumnGuess.valuePath(of: value)
        isPrice = valuePath.map { ColumnGuess.isPrice($0) } ?? false
        // Of connections `open` is how many there are, and no price.
        openPath = isPrice ? ColumnGuess.openPath(of: value) : nil
        take(valuePath.flatMap { ValueReader.numeral(at: $0, in: value) })
    }

    private mutating func readNumber(now: Instant) {
        let before = numeral
        changedAt = now
        direction = 0
        take(valuePath.flatMap { ValueReader.numeral(at: $0, in: value) })
        if let before, let numeral { direction = before < numeral ? 1 : numeral < before ? -1 : 0 }
    }

    private mutating func take(_ numeral: Numeral?) {
        self.numeral = numeral
        guard let numeral else { return }
        if first == nil { first = numeral }
        history.append(numeral)
    }

    // MARK: Numbers

    /// The base of the change: the day's open if the data has one, else the first value.
    package var base: Numeral? {
        if let openPath, let open = ValueReader.numeral(at: openPath, in: value), open.value != 0 {
            return open
        }
        return first
    }

    package var change: Double? {
        guard let numeral, let base else { return nil }
        return numeral - base
    }

    /// Of a price.
    package var changePercent: Double? {
        guard isPrice, let change, let base, base.value != 0, base.value.isFinite else { return nil }
        let percent = change / abs(base.value) * 100
        return percent.isFinite ? percent : nil
    }

    /// How recent its last change is: 4 down to 1, then 0.
    package func freshness(now: Instant) -> Int {
        guard direction != 0 else { return 0 }
        let steps = now.since(changedAt).nanoseconds / Self.fadeStep.nanoseconds
        return steps >= 4 ? 0 : 4 - Int(steps)
    }

    /// A flash fades in four steps: short enough not to disturb, long enough to be seen.
    static let fadeStep = Duration.milliseconds(180)
}
