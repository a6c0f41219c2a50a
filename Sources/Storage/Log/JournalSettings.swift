/// How updates are kept.
package import Primitives

package struct JournalSettings: Sendable {
    package var mode = SyncMode.interval
    /// Between two syncs, where the mode is `interval`.
    package var interval = Interval(milliseconds: 1000)
    package var segmentByteCount = 16 << 20
    /// A snapshot is written when so many bytes of log have come since the last one, and as many as that one has.
    package var snapshotByteCount = 64 << 20

    package init() {}
}

/// What the journal has to say. `reason` is a clause.
package enum JournalNotice: Sendable {
    /// The disk is full: nothing is published until it no longer is.
    case full(reason: String)
    case roomAgain
    /// Nothing is published any more.
    case failed(reason: String)
    /// A snapshot could not be written; it is tried again.
    case snapshotFailed(reason: String)
}
