/// One loop's copy of all topics and the subscribers that it owns: marks, drains, snapshots, resumes.
internal import Primitives

/// Owned by the loop's thread; never Sendable. It knows no socket, no wire format and no clock.
package final class BrokerReplica {
    package let epoch: Epoch
    private let inbox: Inbox
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

    private var batch: UInt64 = 0
    private var changed: [UInt32] = []
    private var matched: [UInt32] = []
    var stamp: UInt32 = 0
    /// Subscribers whose first mark was set since they were last asked for.
    private var ready: [SubscriberID] = []

    /// Updates that newer ones replaced before a reader was sent them, over all readers, ever.
    package private(set) var conflated: UInt64 = 0
    /// Topics that hold a value.
    package private(set) var topicCount = 0
    /// Slots of all subscribers.
    package internal(set) var slotCount = 0

    package init(inbox: Inbox) {
        self.inbox = inbox
        epoch = inbox.epoch
    }

    /// The cursor of the present.
    package func cursor(_ sequence: UInt64) -> Cursor { Cursor(epoch: epoch, sequence: sequence) }

    // MARK: Applying

    /// Takes what the sequencer has for this loop and marks who is to be told. Returns the number of updates.
    @discardableResult
    package func catchUp() -> Int {
        inbox.take(into: &entries)
        guard !entries.isEmpty else { return 0 }
        batch += 1
        for entry in entries { apply(entry) }
        // Marks come after all values: a topic that changed many times in this batch marks once.
        for topic in changed { markSubscribers(of: topic) }
        changed.removeAll(keepingCapacity: true)
        let count = entries.count
        entries.removeAll(keepingCapacity: entries.capacity <= 65_536)
        return count
    }

    private func apply(_ entry: InboxEntry) {
        switch entry.event {
        case .created: create(entry)
        case .purged: purge(entry)
        case .value, .tombstone: change(entry)
        }
    }

    private func change(_ entry: InboxEntry) {
        sequence = entry.sequence
        let index = numbers[Int(entry.topic)]
        let hadValue = topics[index].hasValue
        topics[index].latest = entry.payload
        topics[index].isEnded = entry.event == .tombstone
        topics[index].sequence = entry.sequence
        topics[index].version = entry.version
        if let log = topics[index].log {
            log.append(entry.payload, sequence: entry.sequence, version: entry.version)
            if entry.event == .tombstone { log.lifeVersion = entry.version + 1 }
        }
        topicCount += (topics[index].hasValue ? 1 : 0) - (hadValue ? 1 : 0)
        moveToNewest(index)
        if topics[index].batch != batch {
            topics[index].batch = batch
            topics[index].batchCount = 1
            topics[index].batchSequence = entry.sequence
            changed.append(index)
        } else {
            topics[index].batchCount += 1
        }
    }

    private func create(_ entry: InboxEntry) {
        let index = names.find(entry.payload.unsafeBytes) ?? addTopic(entry.payload)
        while numbers.count <= Int(entry.topic) { numbers.append(Topic.none) }
        numbers[Int(entry.topic)] = index
        if entry.version > 0 { topics[index].log = UpdateLog(limit: Int(entry.version)) }
        // Readers that named it already hold a slot; those whose patterns cover it get one now.
        stamp += 1
        for link in topics[index].subscribers {
            subscribers[link.subscriber].stamp = stamp
            if entry.version > 0 { subscribers[link.subscriber].logPositions[link.slot] = 0 }
        }
        patterns.match(entry.payload.unsafeBytes, into: &matched)
        for number in matched {
            for subscriber in patterns.subscribers(number) where subscribers[subscriber].stamp != stamp {
                subscribers[subscriber].stamp = stamp
                let slot = addSlot(subscriber, index)
                if entry.version > 0 { subscribers[subscriber].logPositions[slot] = 0 }
            }
        }
        matched.removeAll(keepingCapacity: true)
    }

    private func purge(_ entry: InboxEntry) {
        purgedSequence = max(purgedSequence, entry.sequence)
        let index = numbers[Int(entry.topic)]
        numbers[Int(entry.topic)] = Topic.none
        unlinkChange(index)
        topics[index].latest = nil
        topics[index].log = nil
        topics[index].sequence = 0
        topics[index].batch = 0
        changed.removeAll { $0 == index }
        for link in topics[index].subscribers.reversed() {
            subscribers[link.subscriber].unmark(link.slot)
            if !subscribers[link.subscriber].isExact(link.slot) { removeSlot(link.subscriber, link.slot) }
        }
        dropTopicIfUnused(index)
    }

    private func markSubscribers(of index: UInt32) {
        let floor = topics[index].batchSequence - 1
        let updateCount = UInt64(topics[index].batchCount)
        let isLog = topics[index].log != nil
        for link in topics[index].subscribers {
            if subscribers[link.subscriber].markCount == 0 {
                subscribers[link.subscriber].floor = floor
                becomeReady(link.subscriber)
            }
            let isFirst = subscribers[link.subscriber].mark(link.slot)
            if !isLog, !isFirst || updateCount > 1 {
                let replaced = isFirst ? updateCount - 1 : updateCount
                subscribers[link.subscriber].conflated += replaced
                conflated += replaced
            }
        }
    }

    func becomeReady(_ subscriber: SubscriberID) {
        guard !subscribers[subscriber].isReady else { return }
        subscribers[subscriber].isReady = true
        ready.append(subscriber)
    }

    /// Exchanges the list of subscribers that have something new for `taken`, which comes back filled.
    package func takeReady(into taken: inout [SubscriberID]) {
        taken.removeAll(keepingCapacity: true)
        swap(&ready, &taken)
        for subscriber in taken where subscribers.contains(subscriber) {
            subscribers[subscriber].isReady = false
        }
    }

    // MARK: Topics

    func addTopic(_ name: Payload) -> UInt32 {
        let index = topics.insert(Topic(name: name))
        names.insert(name, index: index)
        sorted.insert(index)
        return index
    }

    /// Lets go of a topic that holds nothing and that nobody named.
    func dropTopicIfUnused(_ index: UInt32) {
        guard topics[index].latest == nil, topics[index].subscribers.isEmpty else { return }
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
