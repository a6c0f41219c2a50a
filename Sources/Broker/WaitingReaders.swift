/// Readers whose changes wait for company, in the order in which they began to.
internal import Primitives

struct WaitingReaders {
    private var entries: [(reader: SubscriberID, since: Instant)] = []
    private var start = 0

    /// When the first one began to wait; nil where nobody does.
    var oldest: Instant? { start < entries.count ? entries[start].since : nil }

    mutating func append(_ reader: SubscriberID, since: Instant) {
        entries.append((reader, since))
    }

    /// Moves those that have waited since `latest` or longer to the end of `taken`.
    mutating func take(since latest: Instant, into taken: inout [SubscriberID]) {
        while start < entries.count, entries[start].since <= latest {
            taken.append(entries[start].reader)
            start += 1
        }
        // What is moved was at least earned by as many that left.
        guard start * 2 >= entries.count else { return }
        entries.removeFirst(start)
        start = 0
    }
}
