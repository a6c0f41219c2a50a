/// Changes of coverage, in order: for presence, and for views of what is read.
package import Primitives

/// A subscriber begins to cover a topic, or ends.
package struct CoverageChange: Sendable {
    package enum Kind: Sendable, Equatable {
        case began
        /// It unsubscribed, left, or the topic was purged and all its subscribers know of its end.
        case ended
    }

    package let kind: Kind
    /// The subscriber; its number may be another one's later.
    package let subscriber: SubscriberID
    package let owner: ReaderKey
    package let topic: TopicID
    /// The topic's name, which the replica may know no more when the change is read.
    package let name: Payload
    /// Updates after this were covered, or not any more. A new topic is covered from its first update on, even where others began
    /// later and were told first.
    package let sequence: UInt64
}

extension BrokerReplica {
    /// Whether changes of coverage are kept for `drainCoverage`. The first drain after it is set lists all that is
    /// covered. Its owner must then drain again and again, because the replica keeps every change until then.
    package var recordsCoverage: Bool {
        get { isRecordingCoverage }
        set {
            guard newValue != isRecordingCoverage else { return }
            isRecordingCoverage = newValue
            coverageChanges = []
            if newValue { recordAllCoverage() }
        }
    }

    /// Moves the changes since the last call to the end of `changes`, in the order in which they came about.
    package func drainCoverage(into changes: inout [CoverageChange]) {
        changes.append(contentsOf: coverageChanges)
        coverageChanges.removeAll(keepingCapacity: coverageChanges.count <= 4096)
    }

    func record(
        coverage kind: CoverageChange.Kind, of topic: UInt32, by subscriber: SubscriberID, at sequence: UInt64
    ) {
        coverageChanges.append(
            CoverageChange(
                kind: kind, subscriber: subscriber, owner: subscribers[subscriber].owner,
                topic: topicID(topic), name: topics[topic].name, sequence: sequence))
    }

    private func recordAllCoverage() {
        for topic in 0..<UInt32(topics.limit) where topics.contains(topic) {
            for link in topics[topic].subscribers {
                record(coverage: .began, of: topic, by: link.subscriber, at: sequence)
            }
        }
    }
}
