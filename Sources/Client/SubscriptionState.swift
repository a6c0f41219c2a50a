/// What a subscription remembers from link to link: the cursor, the latest version of each topic, and which are stale.
///
/// Memory grows with the number of topics, as the gateway's does.
struct SubscriptionState {
    private(set) var cursor: [UInt8]?
    /// Dropped repeats: updates that a resume sent again (docs/protocol.md, section 2, invariant 2).
    private(set) var repeats: UInt64 = 0
    private(set) var conflated: UInt64 = 0
    private(set) var missed: UInt64 = 0
    private(set) var received: UInt64 = 0
    private var versions: [[UInt8]: UInt64] = [:]
    /// Since when topics are stale, of those that are.
    private var staleSince: [[UInt8]: UInt64] = [:]
    private var hasPresentedCursor = false

    init(cursor: [UInt8]?) {
        self.cursor = cursor
    }

    /// A link begins. Without a cursor the gateway sends everything anew, and held values may no longer exist.
    mutating func begin(into events: inout [SubscriptionEvent]) {
        hasPresentedCursor = cursor != nil
        if cursor == nil, !versions.isEmpty { reset(into: &events) }
    }

    mutating func apply(
        _ event: WireEvent, over transport: SubscriptionTransport, into events: inout [SubscriptionEvent]
    ) {
        switch event {
        case .subscribed(let resumed):
            events.append(.connected(transport))
            if resumed == false, hasPresentedCursor { reset(into: &events) }
        case .update(let update): apply(update, into: &events)
        case .cursor(let cursor):
            guard cursor != self.cursor else { return }
            self.cursor = cursor
            events.append(.cursor(cursor))
        case .live: events.append(.live)
        case .reset: reset(into: &events)
        case .gap(let gap):
            missed &+= gap.missed ?? 0
            if gap.next > 0 { versions[gap.topic] = max(versions[gap.topic] ?? 0, gap.next - 1) }
            events.append(.gap(gap))
        case .stale(let staleness):
            // A resume may say it again.
            guard staleSince.updateValue(staleness.since, forKey: staleness.topic) != staleness.since else {
                return
            }
            events.append(.stale(staleness))
        case .away(let isAway): events.append(.away(isAway))
        case .error(let code, let message): events.append(.error(code: code, message: message))
        case .heartbeat, .answered(isEmpty: true, _): events.append(.heartbeat)
        case .goodbye, .retry, .answered: break
        }
    }

    private mutating func apply(_ update: Update, into events: inout [SubscriptionEvent]) {
        let held = versions[update.topic] ?? 0
        guard update.version > held else {
            repeats &+= 1
            return
        }
        versions[update.topic] = update.version
        if !staleSince.isEmpty { staleSince[update.topic] = nil }
        let skipped = held > 0 ? update.version - held - 1 : 0
        conflated &+= skipped
        received &+= 1
        events.append(.update(update, conflated: skipped))
    }

    private mutating func reset(into events: inout [SubscriptionEvent]) {
        versions.removeAll(keepingCapacity: true)
        staleSince.removeAll()
        cursor = nil
        events.append(.reset)
    }
}
