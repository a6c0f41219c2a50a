/// Pages of what a log keeps, for whoever reads it from outside.
internal import Primitives

/// Where a page of a log lies.
package enum LogPlace: Sendable, Equatable {
    /// It begins with this version, or with the first that is still there.
    case from(UInt64)
    /// It ends right before this version.
    case before(UInt64)
}

/// What a page says besides its updates.
package struct LogPage: Sendable, Equatable {
    /// The version of the oldest update that a reader can still have.
    package let first: UInt64
    /// The version of the one behind the page; nil where none is.
    package let next: UInt64?
}

/// Why there is no page.
package enum LogAbsence: Error, Equatable {
    /// No topic of that name has a value.
    case noTopic
    /// The topic has its latest value and nothing else.
    case noLog
}

extension BrokerReplica {
    /// Fills `batch`, which must be empty, with kept updates of a topic, oldest first: up to `limit` of them while they fit
    /// `byteBudget`, but one at least where there is one. They are those that a snapshot would show: what came before the
    /// topic's last end is no part of it.
    package func read(
        log name: Span<UInt8>, _ place: LogPlace, limit: Int, byteBudget: Int, into batch: inout Batch
    ) throws(LogAbsence) -> LogPage {
        guard let topic = name.withUnsafeBufferPointer({ tree.find($0, topics) }), topics[topic].hasValue
        else { throw .noTopic }
        guard let log = topics[topic].log else { throw .noLog }
        let first = log.firstVersion(lackedAfter: nil)
        let versions =
            switch place {
            case .from(let version): min(max(version, first), log.endVersion)..<log.endVersion
            case .before(let version): first..<max(first, min(version, log.endVersion))
            }
        let page = log.page(of: versions, place, limit: limit, byteBudget: byteBudget)
        for version in page {
            batch.append(
                Batch.Entry(
                    topic: topicID(topic), version: version, bytes: log[version].payload.unsafeBytes))
        }
        return LogPage(first: first, next: page.upperBound < log.endVersion ? page.upperBound : nil)
    }
}

extension TopicLog {
    /// As much of `versions` as a page has room for, from the end at which it lies.
    fileprivate func page(
        of versions: Range<UInt64>, _ place: LogPlace, limit: Int, byteBudget: Int
    ) -> Range<UInt64> {
        var byteCount = 0
        func hasRoom(for version: UInt64, behind count: UInt64) -> Bool {
            byteCount += self[version].payload.byteCount
            return count == 0 || count < limit && byteCount <= byteBudget
        }
        var (begin, end) = (versions.lowerBound, versions.upperBound)
        switch place {
        case .from:
            end = begin
            while end < versions.upperBound, hasRoom(for: end, behind: end - begin) { end += 1 }
        case .before:
            begin = end
            while begin > versions.lowerBound, hasRoom(for: begin - 1, behind: end - begin) { begin -= 1 }
        }
        return begin..<end
    }
}
