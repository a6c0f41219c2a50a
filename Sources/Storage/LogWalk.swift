/// Goes through the records of a log in order, over all segments, and finds out where it ends and why.
internal import Broker
internal import Primitives

/// A record that cannot be read ends the log. Whether that is the tail of a log that was being written, or damage, the other
/// records say: each tells up to where the log was safe when it was written. What is gone beyond the highest such mark was
/// never promised to anybody. That whole records follow it proves nothing: after a power cut any of the sectors that were not
/// synced may be there.
final class LogWalk {
    private let segments: [LogSegment]
    private let progress: RestoreProgress
    private var index: Int
    private var reader: RecordReader?
    /// The record that was read last; its bytes are passed when the next one is wanted.
    private var passed = 0
    /// The position of the record that should come next in the segment at hand.
    private var position: UInt64
    /// The first position that the snapshot does not cover and that was not handed out yet.
    private var wanted: UInt64
    /// What was left in segments where their records ended.
    private(set) var visited: [Visit] = []
    /// The last record, covered by the snapshot or not.
    private(set) var last: (header: RecordHeader, segment: LogSegment)?
    /// The highest mark up to which the log was safe.
    private(set) var syncedThrough: UInt64 = 0

    /// How far a segment was read.
    struct Visit {
        let segment: LogSegment
        var offset: Int
        /// The last record that counts.
        var lastPosition: UInt64
    }

    /// - Parameter snapshotPosition: records up to there are passed over; if they can't be read it does not matter.
    init(_ segments: [LogSegment], after snapshotPosition: UInt64, _ progress: RestoreProgress) {
        self.segments = segments
        self.progress = progress
        wanted = snapshotPosition + 1
        index = segments.lastIndex { $0.firstPosition <= snapshotPosition + 1 } ?? segments.endIndex
        position = index < segments.endIndex ? segments[index].firstPosition : wanted
        firstIndex = index
        for segment in segments { syncedThrough = max(syncedThrough, segment.header.syncedThrough) }
    }

    /// The segment where the walk begins; those before it hold nothing that the snapshot does not cover.
    let firstIndex: Int

    /// The position before the first one that is missing.
    var lastPosition: UInt64 { wanted - 1 }

    // MARK: Records

    /// The next record that the snapshot does not cover; nil at the end.
    func next() throws(StorageFailure) -> RecordHeader? {
        while let reader = try openedReader() {
            reader.pass(passed)
            passed = 0
            if let record = try record(in: reader) {
                take(record)
                if record.position >= wanted {
                    wanted = record.position + 1
                    return record
                }
            } else if try !goOn(after: reader) {
                return nil
            }
        }
        return nil
    }

    /// The body of a record that `next` returned.
    func withBody<Result>(of record: RecordHeader, _ take: (Span<UInt8>) throws -> Result) throws -> Result {
        guard let reader else { preconditionFailure("a body without a record") }
        return try take(reader.body(of: record))
    }

    private func openedReader() throws(StorageFailure) -> RecordReader? {
        guard index < segments.endIndex else { return nil }
        if let reader { return reader }
        let segment = segments[index]
        let opened = try RecordReader(segment.file, segment.header.checksum)
        visited.append(Visit(segment: segment, offset: opened.offset, lastPosition: position - 1))
        reader = opened
        return opened
    }

    /// The record at hand, if it is the one that should be there.
    private func record(in reader: RecordReader) throws(StorageFailure) -> RecordHeader? {
        guard position < segments[index].positionLimit, case .record(let record) = try reader.read(),
            record.position == position
        else { return nil }
        return record
    }

    private func take(_ record: RecordHeader) {
        syncedThrough = max(syncedThrough, record.syncedThrough)
        last = (record, segments[index])
        position = record.position + 1
        passed = record.framedByteCount
        progress.pass(byteCount: passed)
        visited[visited.count - 1].offset += passed
        visited[visited.count - 1].lastPosition = record.position
    }

    /// Goes on after a segment's last record; false if nothing follows.
    private func goOn(after reader: RecordReader) throws(StorageFailure) -> Bool {
        if position < wanted {
            // The snapshot covers what is missing. Something behind it may still be needed.
            if try search(reader) { return true }
            position = wanted
        }
        let following = segments.indices.dropFirst(index + 1).filter {
            segments[$0].firstPosition == position
        }
        guard let next = following.first(where: { segments[$0].isBegun }) ?? following.first else {
            return false
        }
        index = next
        self.reader = nil
        return true
    }

    /// Looks in the segment for the next record that can lead on to the wanted one.
    private func search(_ reader: RecordReader) throws(StorageFailure) -> Bool {
        let segment = segments[index]
        while !reader.isAtEnd {
            if case .record(let record) = try reader.read(), record.position > position,
                record.position <= wanted,
                record.position < segment.positionLimit
            {
                position = record.position
                visited[visited.count - 1].offset = reader.offset
                return true
            }
            reader.pass(8)
        }
        return false
    }

    // MARK: The end

    /// Where the first record that is missing should be.
    var end: (segment: LogSegment, offset: Int)? {
        visited.last.map { ($0.segment, $0.offset) } ?? segments.first.map { ($0, FileHeader.blockByteCount) }
    }

    /// The segment that begins behind the missing record, if there is one.
    var segmentBehindEnd: LogSegment? {
        segments.dropFirst(visited.isEmpty ? 0 : index + 1).first {
            $0.isBegun && $0.firstPosition > lastPosition + 1
        }
    }

    /// Whether the last record says that its run stopped as it should.
    var isEnded: Bool {
        guard let last = last?.header else { return false }
        return last.kind == .end && last.position == lastPosition
    }

    /// Whether no segment follows that of the last record.
    var isInLastSegment: Bool { last?.segment.number == segments.last?.number }

    /// Looks through all that was not read for marks, and returns how many bytes of records are beyond the end.
    func searchRest() throws(StorageFailure) -> Int {
        for left in visited.dropLast() { _ = try search(behind: left.offset, in: left.segment) }
        var byteCount = try visited.last.map { visit throws(StorageFailure) in
            try search(behind: visit.offset, in: visit.segment)
        }
        for segment in segments.dropFirst(firstIndex < segments.endIndex ? firstIndex : 0)
        where !visited.contains(where: { $0.segment.number == segment.number }) {
            byteCount = try (byteCount ?? 0) + search(behind: FileHeader.blockByteCount, in: segment)
        }
        return byteCount ?? 0
    }

    private func search(behind offset: Int, in segment: LogSegment) throws(StorageFailure) -> Int {
        let search = try RestSearch(segment, from: offset)
        syncedThrough = max(syncedThrough, search.syncedThrough)
        return search.byteCount
    }
}
