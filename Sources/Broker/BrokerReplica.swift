/// One loop's copy of all topics and the subscribers that it owns: marks, drains, snapshots, resumes.
package import Primitives

/// Owned by the loop's thread; never Sendable. It knows no socket, no wire format and no clock.
package final class BrokerReplica {
    /// Whose cursors are honoured. It changes where the sequencer says so, between two updates.
    private(set) var lineage: Lineage
    private let inbox: Inbox
    let delays: DeliveryDelays
    private var entries: [InboxEntry] = []

    var topics = Slab<Topic>()
    var subscribers = Slab<Subscriber>()
    var names = NameTable()
    var patterns = PatternIndex()
    var sorted = SortedTopics()
    /// From the sequencer's numbers to ours.
    private var numbers: [UInt32] = []
    /// Topics by last change, the list's ends.
    var oldestChange = Topic.none
    var newestChange = Topic.none
    /// The last sequence number that was applied.
    package private(set) var sequence: UInt64 = 0
    /// Cursors before this can't be honoured: topics that ended up to here are forgotten.
    var purgedSequence: UInt64 = 0

    /// Topics that were ever added, for telling them apart.
    private var addedTopicCount: UInt32 = 0
    private var batch: UInt64 = 0
    private var changed: [UInt32] = []
    private var matched: [UInt32] = []
    var stamp: UInt32 = 0
    /// Forgotten topics to look at: a subscriber may be left that has not heard of their end.
    private var settling: [UInt32] = []
    /// For `drainCoverage`.
    var isRecordingCoverage = false
    var coverageChanges: [CoverageChange] = []
    /// Subscribers to be flushed at once, and those whose changes wait for company.
    private var ready = ReaderQueue()
    private var waiting = ReaderQueue()
    /// A reader that was sent something less than so long before a change waits so long from the change on.
    package var flushDelay = Interval(nanoseconds: 0)

    /// Updates that newer ones replaced before a reader was sent them, over all readers, ever.
    package private(set) var conflated: UInt64 = 0
    /// Slots of all subscribers.
    package internal(set) var slotCount = 0

    package init(inbox: Inbox, delays: DeliveryDelays = DeliveryDelays()) {
        self.inbox = inbox
        self.delays = delays
        lineage = inbox.lineage
        // A replica that comes late is never seen without what was before it.
        catchUp()
    }

    /// The epoch of the cursors that are handed out.
    package var epoch: Epoch { lineage.current }

    /// The cursor of `sequence`.
    package func cursor(_ sequence: UInt64) -> Cursor { Cursor(epoch: epoch, sequence: sequence) }

    /// Appends the cursor of `sequence` as subscribers hold it.
    package func append(cursor sequence: UInt64, to output: inout ByteBuffer) {
        output.append(cursorOf: lineage.current, sequence)
    }

    // MARK: Applying

    /// Takes what the sequencer has for this loop and marks the subscribers. Returns the number of updates.
    @discardableResult
    package func catchUp() -> Int {
        inbox.take(into: &entries)
        settle()
        guard !entries.isEmpty else { return 0 }
        batch += 1
        for entry in entries { apply(entry) }
        // Marks come after all values: a topic that changed many times in this batch marks once.
        for topic in changed { markSubscribers(of: topic) }
        changed.removeAll(keepingCapacity: true)
        settle()
        let count = entries.count
        entries.removeAll(keepingCapacity: entries.capacity <= 65_536)
        return count
    }

    private func apply(_ entry: InboxEntry) {
        switch entry.event {
        case .value, .tombstone: change(entry)
        case .created: create(entry)
        case .trimmed: topics[numbers[Int(entry.topic)]].log?.begin(at: entry.version, lost: entry.sequence)
        case .purged: purge(entry)
        case .forgotten: forget(upTo: entry.sequence)
        case .lineage: change(lineage: entry)
        }
    }

    private func change(lineage entry: InboxEntry) {
        guard let next = Lineage(entry.payload) else {
            preconditionFailure("an entry's lineage is malformed")
        }
        lineage = next
        sequence = max(sequence, entry.sequence)
    }

    private func change(_ entry: InboxEntry) {
        sequence = entry.sequence
        let index = numbers[Int(entry.topic)]
        topics[index].latest = entry.payload
        topics[index].isEnded = entry.event == .tombstone
        topics[index].sequence = entry.sequence
        topics[index].version = entry.version
        topics[index].accepted = entry.accepted
        if let log = topics[index].log { log.append(entry) }
        moveToNewest(index)
        if topics[index].batch != batch {
            topics[index].batch = batch
            topics[index].batchCount = 1
            topics[index].batchSequence = entry.sequence
            topics[index].batchAccepted = entry.accepted
            changed.append(index)
        } else {
            topics[index].batchCount += 1
        }
    }

    private func create(_ entry: InboxEntry) {
        let index = names.find(entry.payload.unsafeBytes) ?? addTopic(entry.payload)
        while numbers.count <= Int(entry.topic) { numbers.append(Topic.none) }
        numbers[Int(entry.topic)] = index
        topics[index].isForgotten = false
        let limit = inbox.updateCount(keptOf: entry.payload.unsafeBytes)
        // Readers that named it already hold a slot; those whose patterns cover it get one now.
        stamp += 1
        for link in topics[index].subscribers {
            subscribers[link.subscriber].stamp = stamp
            if limit > 0 { restartLog(of: index, link) }
        }
        if limit > 0 {
            topics[index].log = TopicLog(
                limit: limit, originSequence: entry.sequence, originVersion: entry.version,
                formerSequence: topics[index].log == nil ? 0 : topics[index].sequence)
        }
        patterns.match(entry.payload.unsafeBytes, into: &matched)
        for number in matched {
            for subscriber in patterns.subscribers(number) where subscribers[subscriber].stamp != stamp {
                subscribers[subscriber].stamp = stamp
                let slot = addSlot(subscriber, index)
                if limit > 0 { subscribers[subscriber].setLogPosition(.beginning, of: slot) }
            }
        }
        matched.removeAll(keepingCapacity: true)
    }

    /// A forgotten log begins anew: a reader of it that had not yet been sent all lost an unknown number.
    private func restartLog(of index: UInt32, _ link: Topic.Link) {
        let position = subscribers[link.subscriber].logPosition(of: link.slot)
        let isBehind = topics[index].log.map { position != .version($0.endVersion) } ?? false
        subscribers[link.subscriber].setLogPosition(isBehind ? .unknown : .beginning, of: link.slot)
    }

    private func purge(_ entry: InboxEntry) {
        forget(upTo: entry.sequence)
        let index = numbers[Int(entry.topic)]
        numbers[Int(entry.topic)] = Topic.none
        topics[index].isForgotten = true
        settleLater(index)
    }

    private func forget(upTo purged: UInt64) {
        purgedSequence = max(purgedSequence, purged)
        sequence = max(sequence, purged)
    }

    /// What a drain takes stays readable until the replica next changes, so its end waits for that.
    func settleLater(_ index: UInt32) {
        guard !topics[index].isSettling else { return }
        topics[index].isSettling = true
        settling.append(index)
    }

    /// Lets go of forgotten topics, except for readers that are still to be told that they ended.
    private func settle() {
        while let index = settling.popLast() {
            topics[index].isSettling = false
            guard topics[index].isForgotten else { continue }
            var isAwaited = false
            for link in topics[index].subscribers.reversed() {
                if subscribers[link.subscriber].isMarked(link.slot) {
                    isAwaited = true
                } else if !subscribers[link.subscriber].isExact(link.slot) {
                    removeSlot(link.subscriber, link.slot)
                }
            }
            if isAwaited { continue }
            unlinkChange(index)
            topics[index].isForgotten = false
            topics[index].isEnded = false
            topics[index].latest = nil
            topics[index].log = nil
            topics[index].sequence = 0
            dropTopicIfUnused(index)
        }
    }

    private func markSubscribers(of index: UInt32) {
        let floor = topics[index].batchSequence - 1
        let updateCount = UInt64(topics[index].batchCount)
        let isLog = topics[index].isLog
        let accepted = topics[index].batchAccepted
        for link in topics[index].subscribers {
            if subscribers[link.subscriber].markCount == 0 {
                subscribers[link.subscriber].floor = floor
                let lastSent = subscribers[link.subscriber].markedSince
                subscribers[link.subscriber].markedSince = accepted
                let isBusy = lastSent.map { $0 + flushDelay >= accepted } ?? false
                becomeReady(link.subscriber, isBusy ? .forCompany(since: accepted) : .since(accepted))
            }
            let isFirst = subscribers[link.subscriber].mark(link.slot)
            if !isLog, !isFirst || updateCount > 1 {
                let replaced = isFirst ? updateCount - 1 : updateCount
                subscribers[link.subscriber].conflated += replaced
                conflated += replaced
            }
        }
    }

    /// How a subscriber that has something new comes to be flushed.
    enum Readiness {
        /// Nothing says since when it lacks what it lacks: it comes next.
        case atOnce
        /// It is due from the change on.
        case since(Instant)
        /// It was sent something a moment ago, so that the change waits for others.
        case forCompany(since: Instant)
    }

    /// Takes note that the subscriber has something new.
    func becomeReady(_ subscriber: SubscriberID, _ readiness: Readiness) {
        guard !subscribers[subscriber].isReady else { return }
        subscribers[subscriber].isReady = true
        switch readiness {
        case .atOnce: ready.append(subscriber, since: .longAgo)
        case .since(let change): ready.append(subscriber, since: change)
        case .forCompany(let change): waiting.append(subscriber, since: change)
        }
    }

    /// When a subscriber is to be flushed next; nil where none has something new.
    package var flushDue: Instant? {
        let due = min(readyDue, waitingDue)
        return due == .never ? nil : due
    }

    /// When the first reader of each queue is to be flushed; `never` where the queue is empty.
    private var readyDue: Instant { ready.oldest ?? .never }
    private var waitingDue: Instant { waiting.oldest.map { $0 + flushDelay } ?? .never }

    /// Fills `taken` with subscribers that have something new and have waited long enough for more, in the order in which
    /// they are due, at most `limit` of them.
    package func takeReady(at now: Instant, limit: Int, into taken: inout [SubscriberID]) {
        taken.removeAll(keepingCapacity: true)
        while taken.count < limit, let due = flushDue, due <= now {
            taken.append(readyDue <= waitingDue ? ready.takeFirst() : waiting.takeFirst())
        }
        for subscriber in taken where subscribers.contains(subscriber) {
            subscribers[subscriber].isReady = false
        }
    }

    // MARK: Topics

    /// The name of a topic; nil when it is gone.
    package func name(of topic: TopicID) -> Payload? {
        guard topics.contains(topic.index), topics[topic.index].birth == topic.birth else { return nil }
        return topics[topic.index].name
    }

    func topicID(_ index: UInt32) -> TopicID { TopicID(index: index, birth: topics[index].birth) }

    func addTopic(_ name: Payload) -> UInt32 {
        let index = topics.insert(Topic(name: name, birth: addedTopicCount))
        addedTopicCount &+= 1
        names.insert(name, index: index)
        sorted.insert(index)
        return index
    }

    /// Lets go of a topic that holds nothing and that nobody named.
    func dropTopicIfUnused(_ index: UInt32) {
        if topics[index].isForgotten { settleLater(index) }
        guard topics[index].latest == nil, topics[index].subscribers.isEmpty, !topics[index].isSettling
        else { return }
        sorted.remove(index, of: topics)
        names.remove(index: index)
        topics.remove(index)
    }

    private func moveToNewest(_ index: UInt32) {
        if newestChange == index { return }
        unlinkChange(index)
        topics[index].older = newestChange
        if newestChange != Topic.none { topics[newestChange].newer = index } else { oldestChange = index }
        newestChange = index
    }

    private func unlinkChange(_ index: UInt32) {
        let older = topics[index].older
        let newer = topics[index].newer
        if older != Topic.none {
            topics[older].newer = newer
        } else if oldestChange == index {
            oldestChange = newer
        }
        if newer != Topic.none {
            topics[newer].older = older
        } else if newestChange == index {
            newestChange = older
        }
        topics[index].older = Topic.none
        topics[index].newer = Topic.none
    }
}
