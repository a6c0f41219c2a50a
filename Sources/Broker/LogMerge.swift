/// The kept updates of several logs in the order of their sequence numbers, without a list of them all.

/// A binary heap of the logs, the one with the oldest next update on top.
struct LogMerge {
    struct Head {
        let topic: UInt32
        let log: TopicLog
        /// The version of its next update, and that update's number.
        var version: UInt64
        var sequence: UInt64
    }

    private var heads: [Head] = []

    /// The next update.
    var first: Head? { heads.first }

    /// Adds a log from a version on. A log that has no such update is left out.
    mutating func add(_ topic: UInt32, _ log: TopicLog, from version: UInt64) {
        guard version < log.endVersion else { return }
        heads.append(Head(topic: topic, log: log, version: version, sequence: log[version].sequence))
        var at = heads.count - 1
        while at > 0, heads[at].sequence < heads[(at - 1) / 2].sequence {
            heads.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    /// Steps over the next update, which there must be.
    mutating func advance() {
        let head = heads[0]
        let version = head.version + 1
        if version < head.log.endVersion {
            heads[0].version = version
            heads[0].sequence = head.log[version].sequence
        } else {
            heads.swapAt(0, heads.count - 1)
            heads.removeLast()
        }
        sink()
    }

    private mutating func sink() {
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < heads.count {
                if heads[child].sequence < heads[least].sequence { least = child }
            }
            guard least != at else { return }
            heads.swapAt(at, least)
            at = least
        }
    }
}
