/// One value that changes, as one loop sees it, and the subscribers to mark.
internal import Primitives

struct Topic: Changing, ~Copyable {
    /// A reader's slot that this topic marks.
    struct Link {
        let subscriber: SubscriberID
        let slot: UInt32
    }

    static let none = UInt32.max

    let name: Payload
    /// The latest update; nil for a topic that a reader named before anybody published it.
    var latest: Payload? {
        didSet { latestBytes = latest?.unsafeBytes }
    }
    /// Its bytes, for readers: counting references would cost each of them two atomic steps.
    private(set) var latestBytes: UnsafeBufferPointer<UInt8>?
    var sequence: UInt64 = 0
    var version: UInt64 = 0
    /// When the latest update was accepted.
    var accepted = Instant.never
    /// The kept updates of a `log` topic.
    var log: TopicLog? {
        didSet { isLog = log != nil }
    }
    var subscribers: [Link] = []

    /// Of its updates since it began to wait for its subscribers to be marked: the first one's sequence number and moment.
    var unmarkedSequence: UInt64 = 0
    var unmarkedAccepted = Instant.never
    /// Their number.
    var unmarkedCount: UInt32 = 0

    // What is smaller than a word stands together, so that it leaves no gaps: there are millions of topics.

    let birth: UInt32
    /// Its place among the stale topics, while it has been silent for too long.
    var stalePlace = none
    /// Neighbours in the list of topics by last change.
    var older = Topic.none
    var newer = Topic.none
    var isLandmark = false

    private(set) var isLog = false
    var isEnded = false
    /// Purged by the sequencer, and here only until the last reader has been told that it ended.
    var isForgotten = false
    /// Whether the sequencer knows it. Otherwise readers named it, and it is here for them alone.
    var isPublished = true
    /// Whether it stands in the replica's list of forgotten topics to look at.
    var isSettling = false
    /// Whether it waits for its subscribers to be marked; and whether patterns that cover it have yet to learn of it.
    var isChanged = false
    var isNew = false
    /// Whether it has had a life of which patterns have not learnt.
    var hasHiddenLife = false

    init(name: Payload, birth: UInt32) {
        self.name = name
        self.birth = birth
    }

    var isStale: Bool { stalePlace != Self.none }

    /// Whether a snapshot shows it.
    var hasValue: Bool { latest != nil && !isEnded }
}

/// A topic of one replica. No two topics of a replica ever share one, also where one takes the place of another.
package struct TopicID: Sendable, Hashable {
    let index: UInt32
    /// How many topics the replica had made before.
    let birth: UInt32

    package init(index: UInt32, birth: UInt32) {
        self.index = index
        self.birth = birth
    }
}
