/// The one meeting place of all publishers: numbers each update and hands it to every loop, in one order.
package import Primitives
internal import Synchronization

/// Any thread. One lock, held for a batch; what needs no order (checking, parsing) was done before it.
package final class Sequencer: Sendable {
    /// How long the gateway remembers what was: which topics keep a log, and how many tombstones are held.
    package struct Retention: Sendable {
        /// The first pattern that covers a topic decides; none: latest only. Logs keep 1 or more updates.
        package var logs: [(pattern: TopicPattern, updateCount: Int)] = []
        /// Ended topics remembered so that a resume can tell of them; the oldest is purged for the next.
        package var tombstoneLimit = 100_000
        /// New topics beyond this many are refused: names come from publishers, memory from us.
        package var topicLimit = 1_000_000

        package init() {}
    }

    private struct TopicRecord {
        let name: Payload
        /// `{"topic":"…","version":`, the part of every update that never changes.
        let head: Payload
        let keeps: Int
        var version: UInt64
        var isEnded: Bool
        /// The sequence number of its last update.
        var sequence: UInt64
    }

    private struct State: ~Copyable {
        var names = NameTable()
        var records: [TopicRecord?] = []
        var freeRecords: [UInt32] = []
        var sequence: UInt64 = 0
        var inboxes: [InboxState] = []
        /// Ended topics, oldest first; an entry whose topic lives again or ended anew is skipped when it comes up.
        var ended: [(topic: UInt32, sequence: UInt64)] = []
        var endedStart = 0
        /// Topics that hold a value; the other named ones have ended.
        var liveCount = 0
        var endedCount: Int { names.count - liveCount }
        /// No purged topic had a higher version, so a topic that comes back counts on from here.
        var purgedVersion: UInt64 = 0
    }

    /// When a batch was accepted, by both clocks.
    private struct Moment {
        let time: UnixTime
        let now: Instant
    }

    private struct InboxState {
        var entries: [InboxEntry] = []
        var isAsleep = false
        /// Beyond this many entries, what newer ones replace is dropped.
        var compactionCount = Inbox.minimumCompactionCount
        let wake: @Sendable () -> Void
    }

    package let epoch: Epoch
    private let retention: Retention
    private let state = Mutex(State())

    package init(epoch: Epoch, retention: Retention = Retention()) {
        self.epoch = epoch
        self.retention = retention
    }

    /// Opens a loop's door. All doors are opened before the first update.
    package func addInbox(wake: @escaping @Sendable () -> Void) -> Inbox {
        state.withLock { state in
            precondition(state.sequence == 0, "a loop joined after the first update")
            state.inboxes.append(InboxState(wake: wake))
            return Inbox(sequencer: self, number: state.inboxes.count - 1)
        }
    }

    /// The number of topics that hold a value.
    package var topicCount: Int { state.withLock { $0.liveCount } }

    /// Publishes a whole batch or, when it is refused, nothing of it. Returns what became of its last update.
    ///
    /// - Parameters:
    ///   - time: what the updates say of themselves.
    ///   - now: the same moment, for telling later how long they took to reach their readers.
    @discardableResult
    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant
    ) throws(PublishFailure) -> PublishOutcome {
        let moment = Moment(time: time, now: now)
        var outcome = PublishOutcome(accepted: batch.count, lastVersion: nil)
        var wakes: [@Sendable () -> Void] = []
        var isRefused = false
        let text = batch.text.unsafeBytes
        state.withLock { state in
            guard
                state.names.count + batch.count <= retention.topicLimit || fits(batch, state)
            else {
                isRefused = true
                return
            }
            for entry in batch.entries {
                let name = UnsafeBufferPointer(
                    rebasing: text[entry.topicStart...].prefix(entry.topicByteCount))
                if entry.dataByteCount < 0 {
                    outcome.lastVersion = end(name, moment, &state)
                } else {
                    let dataStart = entry.topicStart + entry.topicByteCount
                    let data = UnsafeBufferPointer(rebasing: text[dataStart...].prefix(entry.dataByteCount))
                    outcome.lastVersion = accept(name, data, moment, &state)
                }
            }
            for index in state.inboxes.indices
            where state.inboxes[index].isAsleep && !state.inboxes[index].entries.isEmpty {
                state.inboxes[index].isAsleep = false
                wakes.append(state.inboxes[index].wake)
            }
        }
        if isRefused { throw PublishFailure.tooManyTopics(limit: retention.topicLimit) }
        for wake in wakes { wake() }
        return outcome
    }

    /// Whether the batch's new topics still fit under the limit. Asked only near it.
    private func fits(_ batch: borrowing UpdateBatch, _ state: borrowing State) -> Bool {
        var new = Set<[UInt8]>()
        let text = batch.text.unsafeBytes
        for entry in batch.entries where entry.dataByteCount >= 0 {
            let name = UnsafeBufferPointer(rebasing: text[entry.topicStart...].prefix(entry.topicByteCount))
            if state.names.find(name) == nil { new.insert(Array(name)) }
        }
        return state.names.count + new.count <= retention.topicLimit
    }

    private func accept(
        _ name: UnsafeBufferPointer<UInt8>, _ data: UnsafeBufferPointer<UInt8>, _ moment: Moment,
        _ state: inout State
    ) -> UInt64 {
        let topic = state.names.find(name) ?? create(name, moment, &state)
        return number(topic, tail: data, isTombstone: false, moment, &state)
    }

    /// Ends a topic; nil when there is none to end.
    private func end(
        _ name: UnsafeBufferPointer<UInt8>, _ moment: Moment, _ state: inout State
    ) -> UInt64? {
        guard let topic = state.names.find(name), state.records[Int(topic)]?.isEnded == false else {
            return nil
        }
        let version = number(
            topic, tail: UnsafeBufferPointer(start: nil, count: 0), isTombstone: true, moment, &state)
        state.ended.append((topic, state.sequence))
        purge(moment, &state)
        return version
    }

    /// Gives the update its version and sequence number, encodes it once, and puts it into every inbox.
    private func number(
        _ topic: UInt32, tail data: UnsafeBufferPointer<UInt8>, isTombstone: Bool, _ moment: Moment,
        _ state: inout State
    ) -> UInt64 {
        state.sequence += 1
        let sequence = state.sequence
        var record = state.records[Int(topic)].unsafelyUnwrapped
        record.version += 1
        if record.isEnded != isTombstone { state.liveCount += isTombstone ? -1 : 1 }
        record.isEnded = isTombstone
        record.sequence = sequence
        state.records[Int(topic)] = record
        let entry = InboxEntry(
            payload: encodeUpdate(
                head: record.head, version: record.version, time: moment.time,
                data: isTombstone ? nil : data),
            sequence: sequence, version: record.version, accepted: moment.now, topic: topic,
            event: isTombstone ? .tombstone : .value)
        post(entry, &state)
        return record.version
    }

    private func create(
        _ name: UnsafeBufferPointer<UInt8>, _ moment: Moment, _ state: inout State
    ) -> UInt32 {
        let topic = state.freeRecords.popLast() ?? UInt32(state.records.count)
        if Int(topic) == state.records.count { state.records.append(nil) }
        let shared = Payload(name.span)
        let keeps = updateCount(keptOf: name)
        state.records[Int(topic)] = TopicRecord(
            name: shared, head: encodeHead(name), keeps: keeps, version: state.purgedVersion, isEnded: false,
            sequence: 0)
        state.names.insert(shared, index: topic)
        state.liveCount += 1
        post(
            InboxEntry(
                payload: shared, sequence: state.sequence + 1, version: state.purgedVersion + 1,
                accepted: moment.now, topic: topic, event: .created),
            &state)
        return topic
    }

    /// How many updates the log of a topic keeps; 0 where it has none.
    fileprivate func updateCount(keptOf name: UnsafeBufferPointer<UInt8>) -> Int {
        retention.logs.first { $0.pattern.covers(name) }?.updateCount ?? 0
    }

    /// Forgets the oldest ended topics beyond the limit. A cursor from before is then reset, because nobody
    /// could tell it that they ended.
    private func purge(_ moment: Moment, _ state: inout State) {
        while state.endedCount > retention.tombstoneLimit {
            let (topic, sequence) = state.ended[state.endedStart]
            state.endedStart += 1
            guard let record = state.records[Int(topic)], record.isEnded, record.sequence == sequence else {
                continue
            }
            state.purgedVersion = max(state.purgedVersion, record.version)
            state.names.remove(index: topic)
            state.records[Int(topic)] = nil
            state.freeRecords.append(topic)
            post(
                InboxEntry(
                    payload: record.name, sequence: sequence, version: 0, accepted: moment.now, topic: topic,
                    event: .purged),
                &state)
        }
        if state.endedStart > 1024, state.endedStart * 2 > state.ended.count {
            state.ended.removeFirst(state.endedStart)
            state.endedStart = 0
        }
        // A topic that ends and comes back again and again leaves entries that nobody will ask for.
        if state.ended.count - state.endedStart > 2 * state.endedCount + 1024 {
            state.ended = state.ended[state.endedStart...].filter { ended in
                guard let record = state.records[Int(ended.topic)] else { return false }
                return record.isEnded && record.sequence == ended.sequence
            }
            state.endedStart = 0
        }
    }

    private func post(_ entry: InboxEntry, _ state: inout State) {
        for index in state.inboxes.indices {
            state.inboxes[index].entries.append(entry)
            if state.inboxes[index].entries.count >= state.inboxes[index].compactionCount {
                compact(index, &state)
            }
        }
    }

    /// A loop's inbox conflates like any queue here: of a topic only what its replica would keep anyway, and
    /// nothing of one that came and went unseen.
    private func compact(_ index: Int, _ state: inout State) {
        let entries = state.inboxes[index].entries
        let unseen = Self.endsOfUnseenLives(entries, topicCount: state.records.count)
        var kept = [Int](repeating: 0, count: state.records.count)
        var isUnseen = [Bool](repeating: false, count: state.records.count)
        var isForgettingTold = false
        var survivors: [InboxEntry] = []
        for place in entries.indices.reversed() {
            let entry = entries[place]
            let topic = Int(entry.topic)
            switch entry.event {
            case .created:
                if !isUnseen[topic] { survivors.append(entry) }
                isUnseen[topic] = false
            case .value, .tombstone:
                kept[topic] += 1
                let room = max(state.records[topic]?.keeps ?? 1, 1)
                if !isUnseen[topic], kept[topic] <= room { survivors.append(entry) }
            case .purged:
                // A topic that was purged and made anew is another one: earlier entries are judged afresh.
                kept[topic] = 0
                isUnseen[topic] = unseen.contains(place)
                if !isUnseen[topic] { survivors.append(entry) }
            case .forgotten: break
            }
            if entry.event == .forgotten || entry.event == .purged && isUnseen[topic], !isForgettingTold {
                isForgettingTold = true
                survivors.append(entry.forgetting)
            }
        }
        survivors.reverse()
        state.inboxes[index].entries = survivors
        state.inboxes[index].compactionCount = max(Inbox.minimumCompactionCount, survivors.count * 2)
    }

    /// The places of those purges whose topic was created among the same entries.
    private static func endsOfUnseenLives(_ entries: [InboxEntry], topicCount: Int) -> Set<Int> {
        var isBornHere = [Bool](repeating: false, count: topicCount)
        var ends = Set<Int>()
        for (place, entry) in entries.enumerated() {
            if entry.event == .created { isBornHere[Int(entry.topic)] = true }
            guard entry.event == .purged else { continue }
            if isBornHere[Int(entry.topic)] { ends.insert(place) }
            isBornHere[Int(entry.topic)] = false
        }
        return ends
    }

    /// Exchanges the waiting entries of a loop for `taken`, which comes back filled and goes in empty.
    fileprivate func take(_ number: Int, into taken: inout [InboxEntry]) {
        precondition(taken.isEmpty, "the last batch was not applied")
        state.withLock { swap(&$0.inboxes[number].entries, &taken) }
    }

    fileprivate func sleep(_ number: Int) -> Bool {
        state.withLock { state in
            state.inboxes[number].isAsleep = state.inboxes[number].entries.isEmpty
            return state.inboxes[number].isAsleep
        }
    }
}

/// One loop's door to the sequencer.
package struct Inbox: Sendable {
    /// 65,536 entries of 40 bytes: a loop that lags this far behind has stopped telling versions apart.
    package static let minimumCompactionCount = 65_536

    fileprivate let sequencer: Sequencer
    fileprivate let number: Int

    package var epoch: Epoch { sequencer.epoch }

    package func take(into taken: inout [InboxEntry]) {
        sequencer.take(number, into: &taken)
    }

    /// How many updates the log of a topic keeps; 0 where it has none.
    func updateCount(keptOf name: UnsafeBufferPointer<UInt8>) -> Int {
        sequencer.updateCount(keptOf: name)
    }

    /// Announces that the loop is about to wait, so that the next update wakes it; false: updates wait already.
    package func sleep() -> Bool {
        sequencer.sleep(number)
    }
}

/// What became of a batch that was accepted.
package struct PublishOutcome: Sendable {
    package var accepted: Int
    /// The version that the last update of the batch got; nil when it was the end of a topic that is not there.
    package var lastVersion: UInt64?

    package init(accepted: Int, lastVersion: UInt64?) {
        self.accepted = accepted
        self.lastVersion = lastVersion
    }
}

package enum PublishFailure: Error, Sendable, CustomStringConvertible {
    case tooManyTopics(limit: Int)

    package var description: String {
        switch self {
        case .tooManyTopics(let limit):
            "the gateway holds its limit of \(limit) topics; publish to existing ones or raise \"topics.limit\""
        }
    }
}
