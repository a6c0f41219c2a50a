/// What a log that is kept counts of itself, at one moment.
package import Primitives

package struct LogFigures: Sendable {
    /// Files that records are in, or will be.
    package var segments = 0
    package var snapshots = 0
    /// Of the newest snapshot.
    package var snapshotBytes = 0
    /// When the newest snapshot was the state; nil: there is none.
    package var snapshotTime: UnixTime?
    /// Since when one is being written.
    package var snapshotBegan: Instant?
    /// What all files take.
    package var diskBytes = 0
    /// Since the start, with their frames and headers.
    package var appendedRecords = 0
    package var appendedBytes = 0
    /// Records that are appended and not yet safe from a power cut.
    package var unsyncedRecords = 0
    /// Microseconds of each sync since the start.
    package var syncs = Histogram.Reading()
    /// Since when nothing is taken because the disk is full or has failed.
    package var refusingSince: UnixTime?

    package init() {}
}
