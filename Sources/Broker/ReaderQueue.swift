/// Readers that have something new, in the order in which they came to have it.
internal import Primitives

struct ReaderQueue {
    private var entries = Queue<(reader: SubscriberID, since: Instant)>()

    /// Since when the first one waits; nil where nobody does.
    var oldest: Instant? { entries.first?.since }

    mutating func append(_ reader: SubscriberID, since: Instant) {
        entries.append((reader, since))
    }

    mutating func popFirst() -> SubscriberID? { entries.popFirst()?.reader }
}
