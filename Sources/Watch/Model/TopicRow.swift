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
    /// Updates that newer ones replaced on the way.
    package private(set) var conflatedCount: UInt64 = 0
    /// The latest snapshot that named it. A topic that the next one does not name is gone.
    package private(set) var generation: Int
    /// The member that is its value, and the one that its change is measured from. The first update decides both.
    package private(set) var valuePath: MemberPath?
    package private(set) var openPath: MemberPath?
    package private(set) var history = History()
    /// The first value that arrived.
    private var firstNumber: Double?

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
            if newer.version == update.version, newer.time == update.time { return false }
            if newer.version > update.version { conflatedCount &+= newer.version - update.version - 1 }
        }
        update = newer
        if valuePath == nil { readPaths() } else { readNumber(now: now) }
        return true
    }

    private mutating func readPaths() {
        valuePath = ColumnGuess.valuePath(of: value)
        openPath = ColumnGuess.openPath(of: value)
        if let number {
            firstNumber = number
            history.append(number)
        }
    }

    private mutating func readNumber(now: Instant) {
        let before = history.last
        changedAt = now
        direction = 0
        guard let number else { return }
        if firstNumber == nil { firstNumber = number }
        if let before { direction = number > before ? 1 : number < before ? -1 : 0 }
        history.append(number)
    }

    // MARK: Numbers

    /// The value, if it is a number.
    package var number: Double? { valuePath.flatMap { ValueReader.number(at: $0, in: value) } }

    /// The base of the change: the day's open if the data has one, else the first value.
    package var base: Double? {
        if let openPath, let open = ValueReader.number(at: openPath, in: value), open != 0 { return open }
        return firstNumber
    }

    package var change: Double? {
        guard let number, let base else { return nil }
        return number - base
    }

    package var changePercent: Double? {
        guard let number, let base, base != 0 else { return nil }
        return (number - base) / abs(base) * 100
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
