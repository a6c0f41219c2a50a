/// Readers that have something new, in the order in which they came to have it.
internal import Primitives

struct ReaderQueue {
    private var entries: [(reader: SubscriberID, since: Instant)] = []
    private var start = 0

    /// Since when the first one waits; nil where nobody does.
    var oldest: Instant? { start < entries.count ? entries[start].since : nil }

    mutating func append(_ reader: SubscriberID, since: Instant) {
        entries.append((reader, since))
    }

    /// Takes the first one, which there must be.
    mutating func takeFirst() -> SubscriberID {
        let reader = entries[start].reader
        start += 1
        // What is moved was at least earned by as many that left.
        if start * 2 >= entries.count {
            entries.removeFirst(start)
            start = 0
        }
        return reader
    }
}

extension Instant {
    /// Before every moment that is: a reader that has waited since then has waited long enough.
    static let longAgo = Instant(nanoseconds: 0)
}
