/// Records of this node that were handed to the log and have not come back from it.
internal import Broker
internal import Primitives

/// Their numbers follow one another. One is on its way to the log at most, the last.
struct SentRecords: ~Copyable {
    /// Of the first record in here, or else of the next one.
    private var firstNumber: UInt64 = 1
    /// How many entries each has.
    private var entryCounts = Queue<Int>()
    private var entries = WaitingEntries()

    var isEmpty: Bool { entryCounts.isEmpty }
    var byteCount: Int { entries.byteCount }
    private var nextNumber: UInt64 { firstNumber + UInt64(entryCounts.count) }

    /// Takes entries for the next record, one at least and as many as it has room for; writes it to `record`. Returns its number.
    mutating func fill(_ record: inout ByteBuffer, from waiting: inout WaitingEntries) -> UInt64 {
        var count = 0
        while let entry = waiting.first {
            if count > 0, record.count + entry.count > RecordContent.byteCountLimit { break }
            RecordContent.append(entry, to: &record)
            entries.take(&waiting)
            count += 1
        }
        entryCounts.append(count)
        return nextNumber - 1
    }

    /// The log has the records up to `number`. The others are not in it, and go back to where they came from, as far as they are wanted.
    mutating func goOn(
        from number: UInt64, returning waiting: inout WaitingEntries, releasing sequencer: Sequencer
    ) {
        guard nextNumber - 1 > number else {
            if isEmpty { firstNumber = number + 1 }
            return
        }
        var kept = WaitingEntries()
        var keptCounts = Queue<Int>()
        while firstNumber + UInt64(keptCounts.count) <= number, let count = entryCounts.popFirst() {
            for _ in 0..<count { kept.take(&entries) }
            keptCounts.append(count)
        }
        var back = WaitingEntries()
        while !entries.isEmpty { back.takeWanted(&entries, releasing: sequencer) }
        while !waiting.isEmpty { back.take(&waiting) }
        waiting = back
        entries = kept
        entryCounts = keptCounts
        if isEmpty { firstNumber = number + 1 }
    }

    /// The last record was not taken.
    mutating func takeBackLast(returning waiting: inout WaitingEntries, releasing sequencer: Sequencer) {
        guard !isEmpty else { return }
        goOn(from: nextNumber - 2, returning: &waiting, releasing: sequencer)
    }

    /// The log is another one, and has none of the records. Whoever waits for one can't know whether it counts.
    mutating func begin(
        after number: UInt64, _ failure: PublishFailure, returning waiting: inout WaitingEntries,
        releasing sequencer: Sequencer
    ) {
        abandonAwaited(failure)
        goOn(from: firstNumber - 1, returning: &waiting, releasing: sequencer)
        firstNumber = number + 1
    }

    /// Tells all who wait that nobody will know what becomes of theirs.
    mutating func abandonAwaited(_ failure: PublishFailure) { entries.abandonAwaited(failure) }

    /// A record has come back: applies its entries, and tells who waits for them. False: it is none of these.
    mutating func apply(
        _ number: UInt64, to sequencer: Sequencer, by clock: LogClock, reading batch: inout UpdateBatch
    ) -> Bool {
        guard number == firstNumber, let count = entryCounts.popFirst() else { return false }
        firstNumber += 1
        for _ in 0..<count { entries.applyFirst(to: sequencer, by: clock, reading: &batch) }
        return true
    }

    /// Nobody is told any more what becomes of the records up to `number`: of which that is not known.
    mutating func forget(upTo number: UInt64, _ failure: PublishFailure, releasing sequencer: Sequencer) {
        while firstNumber <= number, let count = entryCounts.popFirst() {
            firstNumber += 1
            var forgotten = WaitingEntries()
            for _ in 0..<count { forgotten.take(&entries) }
            forgotten.drop(failure, releasing: sequencer)
        }
    }
}
