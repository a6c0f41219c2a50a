/// One loop's copy of all topics and the subscribers that it owns: marks, drains, snapshots, resumes.
package import Primitives

/// Owned by the loop's thread; never Sendable. It knows no socket, no wire format and no clock.
package final class BrokerReplica {
    /// Whose cursors are honoured. It changes where the sequencer says so, between two updates.
    private(set) var lineage: Lineage
    private let inbox: Inbox
    let statistics: DeliveryStatistics
    private var entries: [InboxEntry] = []
    /// Whether another state has taken the place of this one. Nothing changes here any more: its readers can be sent what it holds, and
    /// its cursors are good for that. `init(succeeding:)` makes the one that goes on.
    package private(set) var isReplaced = false

    var topics = Slab<Topic>()
    var subscribers = Slab<Subscriber>()
    var tree = TopicTree()
    var patterns = PatternIndex()
    /// From the sequencer's numbers to ours.
    private var numbers: [UInt32] = []
    /// Topics by last change: those with a log apart from the others.
    var latestChanges = ChangeList()
    var logChanges = ChangeList()
    /// What is stale, and in which order it became so.
    var staleTopics = Slab<StaleTopic>()
    var staleChanges = ChangeList()
    /// The last sequence number that was applied.
    package internal(set) var sequence: UInt64 = 0
    /// Cursors before this can't be honoured: topics that ended up to here are forgotten.
    var purgedSequence: UInt64 = 0

    /// Topics that were ever added, for telling them apart.
    private var addedTopicCount: UInt32 = 0
    /// Topics that have changed and whose subscribers have yet to be marked, oldest change first. Those for which that is much
    /// work stand apart, so that no other one waits for them.
    var changed = Queue<Change>()
    var changedWidely = Queue<Change>()
    var matched: [UInt32] = []
    var forgotten = ForgottenTopics()
    /// Readers whose coverage is being changed, and former readers to dismantle, in turns.
    var walks = Queue<CoverageWalk>()
    var leavers = Queue<SubscriberID>()
    /// A walk's steps before the next one's turn; what a reader asks for is done at once if it takes no more.
    package var visitSteps = 256
    /// For `drainCoverage`.
    var isRecordingCoverage = false
    var coverageChanges: [CoverageChange] = []
    /// Subscribers to be flushed at once, and those whose changes wait for company.
    var ready = ReaderQueue()
    var waiting = ReaderQueue()
    /// A reader that was sent something less than so long before a change waits so long from the change on.
    package var flushDelay = Interval(nanoseconds: 0)

    /// Updates that newer ones replaced before a reader was sent them, over all readers, ever.
    package internal(set) var conflated: UInt64 = 0
    /// Slots of all subscribers.
    package internal(set) var slotCount = 0
    /// Topics that readers named and that nobody has published, or no more; and what those take.
    package internal(set) var unpublishedCount = 0
    var unpublishedByteCount = 0
    /// The most topics that a reader may cover, and the most bytes that may be held for all of them.
    package var coveredLimit = Int.max
    package var readerByteLimit = Int.max
    /// Readers that were to cover more, to be told so, and the slots of those that have not left yet.
    var overfull = Queue<SubscriberID>()
    var overfullSlotCount = 0

    /// Places of topics that `takeApart` has let go of.
    var takenApartCount = 0
    /// Whether anything has come: with the first that comes, all comes that there was.
    package private(set) var hasBegun = false

    package init(inbox: Inbox, statistics: DeliveryStatistics = DeliveryStatistics()) {
        self.inbox = inbox
        self.statistics = statistics
        lineage = inbox.lineage
        begin()
    }

    /// The one that goes on where `former` was replaced: with the new state, the same bounds, and no readers.
    package init(succeeding former: BrokerReplica) {
        precondition(former.isReplaced, "a replica goes on as long as its state does")
        inbox = former.inbox
        statistics = former.statistics
        lineage = former.lineage
        // Topics of the two are told apart, wherever one is named.
        addedTopicCount = former.addedTopicCount
        visitSteps = former.visitSteps
        flushDelay = former.flushDelay
        coveredLimit = former.coveredLimit
        readerByteLimit = former.readerByteLimit
        isRecordingCoverage = former.isRecordingCoverage
        entries = former.entries
        former.entries = []
        applyEntries()
        begin()
    }

    /// A replica that comes late is never seen without what was before it.
    private func begin() {
        catchUp()
        var ration = Ration(steps: .max)
        mark(&ration)
    }

    /// The epoch of the cursors that are handed out.
    package var epoch: Epoch { lineage.current }

    /// The cursor of `sequence`.
    package func cursor(_ sequence: UInt64) -> Cursor { Cursor(epoch: epoch, sequence: sequence) }

    /// Appends the cursor of `sequence` as subscribers hold it. Whoever is behind may have been sent anything that is here, and may have been
    /// spared what is replaced here.
    package func append(
        cursor sequence: UInt64, snapshotBegan: UInt64? = nil, last: Int? = nil, to output: inout ByteBuffer
    ) {
        output.append(
            cursorOf: lineage.current, sequence, snapshotBegan: snapshotBegan, last: last, seen: self.sequence
        )
    }

    // MARK: Applying

    /// Takes what the sequencer has for this loop. Its subscribers are marked by `mark`. Returns the number of updates.
    ///
    /// Where another state has taken the place of this one (`isReplaced`), what was taken is its beginning, and waits for the successor.
    @discardableResult
    package func catchUp() -> Int {
        guard !isReplaced else { return 0 }
        inbox.take(into: &entries)
        settle()
        if hasBegun, entries.first?.event == .replaced {
            isReplaced = true
            return 0
        }
        return applyEntries()
    }

    @discardableResult
    private func applyEntries() -> Int {
        guard !entries.isEmpty else { return 0 }
        hasBegun = true
        for entry in entries { apply(entry) }
        settle()
        let count = entries.count
        entries.removeAll(keepingCapacity: entries.capacity <= 65_536)
        return count
    }

    private func apply(_ entry: InboxEntry) {
        switch entry.event {
        case .value, .tombstone: change(entry)
        case .stale: becomeStale(numbers[Int(entry.topic)], entry)
        case .created: create(entry)
        case .trimmed: topics[numbers[Int(entry.topic)]].log?.begin(at: entry.version, lost: entry.sequence)
        case .purged: purge(entry)
        case .forgotten: forget(upTo: entry.sequence)
        case .lineage: change(lineage: entry)
        case .replaced: return
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
        let index = numbers[Int(entry.topic)]
        if topics[index].isLog {
            logChanges.changed(index, &topics)
        } else {
            latestChanges.changed(index, &topics)
        }
        if topics[index].isStale { endStaleness(of: index) }
        sequence = entry.sequence
        topics[index].latest = entry.payload
        topics[index].isEnded = entry.event == .tombstone
        topics[index].sequence = entry.sequence
        topics[index].version = entry.version
        topics[index].accepted = entry.accepted
        if let log = topics[index].log { log.append(entry) }
        markLater(index, entry)
        topics[index].unmarkedCount += 1
    }

    private func create(_ entry: InboxEntry) {
        let index = tree.find(entry.payload.unsafeBytes, topics) ?? addTopic(entry.payload)
        while numbers.count <= Int(entry.topic) { numbers.append(Topic.none) }
        numbers[Int(entry.topic)] = index
        topics[index].isForgotten = false
        becomePublished(index)
        if entry.keptCount > 0 {
            // Readers that named it already hold a slot.
            for link in topics[index].subscribers { restartLog(of: index, link) }
            topics[index].log = TopicLog(
                limit: entry.keptCount, originSequence: entry.sequence, originVersion: entry.version,
                formerSequence: topics[index].log == nil ? 0 : topics[index].sequence)
        }
        topics[index].hasHiddenLife = topics[index].isNew
        topics[index].isNew = true
        markLater(index, entry)
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
        forgotten.append(index)
    }

    /// Lets go of forgotten topics, except for readers that are still to be told that they ended.
    func settle() {
        while let index = forgotten.popSettled() {
            topics[index].isSettling = false
            guard topics[index].isForgotten, !topics[index].isChanged else { continue }
            var isAwaited = false
            for link in topics[index].subscribers.reversed() {
                if subscribers[link.subscriber].isMarked(link.slot) {
                    isAwaited = true
                } else if !subscribers[link.subscriber].isExact(link.slot) {
                    removeSlot(link.subscriber, link.slot)
                }
            }
            if isAwaited { continue }
            if topics[index].isLog {
                logChanges.remove(index, &topics)
            } else {
                latestChanges.remove(index, &topics)
            }
            topics[index].isForgotten = false
            topics[index].isEnded = false
            topics[index].latest = nil
            topics[index].log = nil
            topics[index].sequence = 0
            becomeUnpublished(index)
            dropTopicIfUnused(index)
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
        tree.insert(index, topics)
        return index
    }

    /// A pattern covers no more topics than this: so many begin as it does.
    func mostTopics(coveredBy pattern: TopicPattern) -> Int {
        Array(pattern.literalPrefix).withUnsafeBufferPointer { tree.count(beginningWith: $0, topics) }
    }

    /// Lets go of a topic that holds nothing and that nobody named.
    func dropTopicIfUnused(_ index: UInt32) {
        if topics[index].isForgotten { settleLater(index) }
        guard topics[index].latest == nil, topics[index].subscribers.isEmpty, !topics[index].isSettling
        else { return }
        if !topics[index].isPublished { countUnpublished(index, -1) }
        tree.remove(index, topics)
        topics.remove(index)
    }
}
