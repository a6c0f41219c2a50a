/// The content of a record of the shared log: entries, each behind its length.
package import Broker
internal import Primitives

package enum RecordContent {
    /// A record ends when it has so many bytes: whoever reads holds some of them at once.
    static let byteCountLimit = 256 << 10

    static func append(_ entry: UnsafeBufferPointer<UInt8>, to record: inout ByteBuffer) {
        record.append(counted: entry)
    }

    /// Hands out the entries of a record, one after the other.
    package static func forEachEntry(
        of record: [UInt8], _ take: (UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) -> Void
    ) throws(LogEntryFailure) {
        try record.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in
            var reader = ByteReader(bytes)
            while !reader.isAtEnd {
                guard let entry = reader.countedBytes() else { throw .cutRecord }
                try take(entry)
            }
        }
    }

    /// The first record of a log: its epoch and the rules that hold.
    static func first(_ epoch: String, _ rules: Sequencer.Retention, at moment: LogEntry.Moment) -> [UInt8] {
        record { LogEntry.write(Epoch(epoch), after: nil, at: moment, to: &$0) }
            + record { LogEntry.write(rules, at: moment, to: &$0) }
    }

    /// The first record of an epoch that goes on from all that is there.
    static func next(_ epoch: String, at moment: LogEntry.Moment) -> [UInt8] {
        record { LogEntry.write(Epoch(epoch), after: LogEntry.all, at: moment, to: &$0) }
    }

    /// A record of one entry.
    private static func record(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var record = ByteBuffer()
        var entry = ByteBuffer()
        write(&entry)
        append(entry.unsafeBytes, to: &record)
        return record.bytes.array
    }
}
