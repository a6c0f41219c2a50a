/// What the journal counts, each written down once: its name in `/stats`, in `/metrics`, and what it says.
internal import Broker
internal import Primitives

enum JournalFigure: String, CaseIterable {
    case segments, snapshots, snapshotBytes, snapshotTime, snapshotRunning, diskBytes
    case appendedRecords, appendedBytes, unsyncedRecords, refusingSince

    static let syncs = Distribution.Description(
        metric: "tidegate_journal_sync_seconds", place: "syncs", parts: 1e6,
        help: "How long syncs of the journal took.")

    var kind: Figure.Kind {
        switch self {
        case .appendedRecords, .appendedBytes: .counter
        default: .gauge
        }
    }

    var metric: String {
        switch self {
        case .segments: "tidegate_journal_segments"
        case .snapshots: "tidegate_journal_snapshots"
        case .snapshotBytes: "tidegate_journal_snapshot_bytes"
        case .snapshotTime: "tidegate_journal_snapshot_timestamp_seconds"
        case .snapshotRunning: "tidegate_journal_snapshot_running_seconds"
        case .diskBytes: "tidegate_journal_disk_bytes"
        case .appendedRecords: "tidegate_journal_records_total"
        case .appendedBytes: "tidegate_journal_bytes_total"
        case .unsyncedRecords: "tidegate_journal_unsynced_records"
        case .refusingSince: "tidegate_journal_refusing_since_timestamp_seconds"
        }
    }

    var help: String {
        switch self {
        case .segments: "Files of the log, those too that wait to be used."
        case .snapshots: "Snapshots that are kept."
        case .snapshotBytes: "The newest snapshot's size."
        case .snapshotTime: "When the newest snapshot was the state, Unix time."
        case .snapshotRunning: "For how long a snapshot is being written; 0: none is."
        case .diskBytes: "What all files of the journal take."
        case .appendedRecords: "Records appended since the start."
        case .appendedBytes: "Bytes appended since the start."
        case .unsyncedRecords: "Records that a power cut could take."
        case .refusingSince: "Since when nothing is published because of the disk, Unix time; 0: it is."
        }
    }

    /// Nil: it is not there.
    func value(in log: LogFigures, at now: Instant) -> Double? {
        switch self {
        case .segments: Double(log.segments)
        case .snapshots: Double(log.snapshots)
        case .snapshotBytes: Double(log.snapshotBytes)
        case .snapshotTime: log.snapshotTime.map { Double($0.milliseconds) / 1000 }
        case .snapshotRunning: log.snapshotBegan.map { max(now.since($0).inSeconds, 0.001) } ?? 0
        case .diskBytes: Double(log.diskBytes)
        case .appendedRecords: Double(log.appendedRecords)
        case .appendedBytes: Double(log.appendedBytes)
        case .unsyncedRecords: Double(log.unsyncedRecords)
        case .refusingSince: Double(log.refusingSince?.milliseconds ?? 0) / 1000
        }
    }
}
