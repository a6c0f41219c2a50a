/// The last updates of a `log` topic, oldest first.
internal import Primitives

final class TopicLog {
    struct Kept: Sendable {
        let payload: Payload
        let sequence: UInt64
        let accepted: Instant
    }

    /// The most updates it keeps.
    let limit: Int
    private var ring: [Kept] = []
    private var start = 0
    /// The version of the oldest kept update; of the next one when none is kept.
    private(set) var firstVersion: UInt64
    /// The sequence number of the newest update that was let go; 0 when none was.
    private(set) var lostSequence: UInt64
    /// The version after the last tombstone: a snapshot starts here.
    var lifeVersion: UInt64
    /// The first update of all, whether or not it came this far.
    let originSequence: UInt64
    let originVersion: UInt64
    /// The last update of a former life that a reader may still lack; 0: none.
    let formerSequence: UInt64

    init(limit: Int, originSequence: UInt64 = 1, originVersion: UInt64 = 1, formerSequence: UInt64 = 0) {
        self.limit = limit
        self.originSequence = originSequence
        self.originVersion = originVersion
        self.formerSequence = formerSequence
        lostSequence = formerSequence
        firstVersion = originVersion
        lifeVersion = originVersion
    }

    var count: Int { ring.count }
    /// What is kept, oldest first.
    var keptInOrder: [Kept] { start == 0 ? ring : Array(ring[start...] + ring[..<start]) }
    var endVersion: UInt64 { firstVersion + UInt64(ring.count) }

    subscript(version: UInt64) -> Kept {
        let offset = start + Int(version - firstVersion)
        return ring[offset < ring.count ? offset : offset - ring.count]
    }

    /// Says before the first update that those before `version` are not kept, the newest of them being number `lost`.
    func begin(at version: UInt64, lost: UInt64) {
        precondition(ring.isEmpty, "a log was trimmed after its first update")
        firstVersion = version
        lostSequence = max(lostSequence, lost)
    }

    func append(_ entry: InboxEntry) {
        append(entry.payload, sequence: entry.sequence, version: entry.version, accepted: entry.accepted)
        if entry.event == .tombstone { lifeVersion = entry.version + 1 }
    }

    func append(_ payload: Payload, sequence: UInt64, version: UInt64, accepted: Instant) {
        let kept = Kept(payload: payload, sequence: sequence, accepted: accepted)
        // An inbox that conflated left versions out: what is kept must be without gaps, so it starts anew.
        if version != endVersion {
            lostSequence = sequence - 1
            ring.removeAll(keepingCapacity: true)
            start = 0
            firstVersion = version
        }
        if ring.count < limit {
            ring.append(kept)
        } else {
            lostSequence = ring[start].sequence
            ring[start] = kept
            start = start + 1 == limit ? 0 : start + 1
            firstVersion += 1
        }
    }

    /// What was restored has its moments by the log's clock.
    func live(by clock: LogClock) {
        for place in ring.indices {
            ring[place] = Kept(
                payload: ring[place].payload, sequence: ring[place].sequence,
                accepted: clock.instant(ofLog: ring[place].accepted))
        }
    }

    /// Whether a reader that holds all up to `sequence` lacks the whole log and nothing else, so that what it
    /// missed can be counted.
    func isWholeAfter(_ sequence: UInt64) -> Bool {
        formerSequence <= sequence && sequence < originSequence
    }

    /// The version of the first kept update that a reader lacks who holds all up to `start`; with nil, of a snapshot. Of that
    /// it may want an excerpt.
    func firstVersion(lackedAfter start: UInt64?, _ excerpt: Excerpt? = nil) -> UInt64 {
        let first = start.map { firstVersion(after: $0) } ?? max(firstVersion, lifeVersion)
        guard let excerpt else { return first }
        let since = firstVersion(after: excerpt.began)
        return max(first, since - min(since, excerpt.count))
    }

    /// Whether a reader that holds all up to `start` can have no more of what it lacks. What an excerpt leaves out it does not lack.
    func hasLost(after start: UInt64, _ excerpt: Excerpt?) -> Bool {
        guard lostSequence > start else { return false }
        guard let excerpt, lostSequence <= excerpt.began else { return true }
        return firstVersion(after: excerpt.began) - firstVersion < excerpt.count
    }

    /// The version of the first kept update after `sequence`.
    func firstVersion(after sequence: UInt64) -> UInt64 {
        var low = firstVersion
        var high = endVersion
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
