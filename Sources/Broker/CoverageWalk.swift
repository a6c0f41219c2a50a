/// A reader's subscribe or unsubscribe under way: what is left to do of it, to be done a few steps at a time.
internal import Primitives

struct CoverageWalk {
    enum Purpose {
        /// To cover what changed after `start`, or all values where that is nil. `floor` could be vouched for before;
        /// `generation` is a resume's among the forgotten topics.
        case cover(start: UInt64?, floor: UInt64?, generation: UInt64?)
        case uncover

        var isCover: Bool {
            if case .cover = self { return true }
            return false
        }
    }

    /// Where the topics of the pattern at hand come from.
    enum Source {
        case scan(PatternScan)
        /// The reader's slots from that one on.
        case slots(from: Int)
    }

    let subscriber: SubscriberID
    let purpose: Purpose
    let patterns: [TopicPattern]
    /// Of a resume from the middle of a snapshot, where that began.
    let snapshotBegan: UInt64?
    /// What is wanted of each log, where that is less than all.
    let excerpt: Excerpt?
    /// A cover waits until all changes up to here are marked, so that no mark of them comes after it.
    let notBefore: UInt64
    /// The place of the pattern at hand.
    var place = 0
    /// Nil where the pattern at hand has not been begun.
    var source: Source?
    /// Whether what the reader lacks counts as a snapshot: a poll that waits gets none.
    let isSnapshot: Bool
    /// The number of topics that the reader has come to cover and lacks something of.
    var lackingCount = 0
}
