/// What a log of batches holds: all that decides the one order, in a form that means the same in every process.
package import Primitives

/// An entry is a head (`kind`, `time`, `moment`) and a content: a batch, an epoch that begins, or rules that hold from here on.
/// Whoever applies the same entries to the same state gets the same numbers. docs/journal-format.md shows the bytes.
package enum LogEntry {
    enum Kind: UInt8 {
        case batch = 1
        case epoch = 2
        case rules = 3
        /// A batch with a key or conditions.
        case guardedBatch = 4
    }

    /// When an entry was appended: what its updates say of themselves, and the moment by the log's own clock.
    package struct Moment: Sendable, Equatable {
        package let time: UnixTime
        package let instant: LogClock.Reading

        package init(time: UnixTime, instant: LogClock.Reading) {
            self.time = time
            self.instant = instant
        }

        package func write(to output: inout ByteBuffer) {
            output.append(littleEndian: time.milliseconds)
            output.append(littleEndian: instant.nanoseconds)
        }

        package init(_ reader: inout ByteReader) throws(LogEntryFailure) {
            guard let time = reader.number(UInt64.self), let instant = reader.number(UInt64.self) else {
                throw LogEntryFailure("its moment is cut off")
            }
            self.time = UnixTime(milliseconds: time)
            self.instant = LogClock.Reading(nanoseconds: instant)
        }
    }

    /// Writes a batch.
    package static func write(
        _ batch: borrowing UpdateBatch, at moment: Moment, to output: inout ByteBuffer
    ) {
        writeHead(batch.isGuarded ? .guardedBatch : .batch, moment, to: &output)
        if batch.isGuarded { batch.writeGuards(to: &output) }
        batch.write(to: &output)
    }

    /// In the place of a sequence number: there was no epoch before.
    static var none: UInt64 { .max }

    /// In the place of a sequence number: that of the last update before the entry, whichever it is.
    package static var all: UInt64 { .max - 1 }

    /// Writes that `epoch` begins; cursors of the one before are good up to `survived`. Nil: it is the first.
    package static func write(
        _ epoch: Epoch, after survived: UInt64?, at moment: Moment, to output: inout ByteBuffer
    ) {
        writeHead(.epoch, moment, to: &output)
        output.append(littleEndian: survived ?? none)
        output.append(epoch.text)
    }

    /// Writes that these rules hold from here on.
    package static func write(
        _ rules: Sequencer.Retention, at moment: Moment, to output: inout ByteBuffer
    ) {
        writeHead(.rules, moment, to: &output)
        rules.write(to: &output)
    }

    private static func writeHead(_ kind: Kind, _ moment: Moment, to output: inout ByteBuffer) {
        output.append(kind.rawValue)
        moment.write(to: &output)
    }

    /// The head of an entry; `reader` is at its content afterwards.
    static func readHead(_ reader: inout ByteReader) throws(LogEntryFailure) -> (kind: Kind, moment: Moment) {
        guard let code = reader.number(UInt8.self) else { throw LogEntryFailure("it is empty") }
        guard let kind = Kind(rawValue: code) else {
            throw LogEntryFailure("it is of a kind, \(code), that this version does not know")
        }
        return (kind, try Moment(&reader))
    }

    /// When an entry was appended.
    package static func moment(of entry: UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) -> Moment {
        var reader = ByteReader(entry)
        return try readHead(&reader).moment
    }
}

/// Why bytes are no entry. `reason` is a clause.
package struct LogEntryFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// Entries come in records, and one of those ends in the middle of an entry.
    package static let cutRecord = LogEntryFailure("its record is cut off")

    package var description: String { "an entry of the log can't be read: \(reason)" }
}

/// The log's own clock: it goes on where it stood when the process before ended, whatever became of the machine's clocks. How long
/// topics live is counted by it.
package struct LogClock: Sendable {
    package struct Reading: Sendable, Equatable {
        package let nanoseconds: UInt64

        package init(nanoseconds: UInt64) {
            self.nanoseconds = nanoseconds
        }
    }

    /// What is added to this process's clock.
    private let offset: UInt64

    /// The clock of a log that begins now is this process's; and whoever reads one lives by its clock.
    package init() {
        offset = 0
    }

    /// Goes on from `last`. What has passed since, the wall clock says; where that was set back, nothing has.
    package init(after last: LogEntry.Moment, time: UnixTime, at now: Instant) {
        let passed = time.milliseconds - min(time.milliseconds, last.time.milliseconds)
        offset = last.instant.nanoseconds &+ Interval(milliseconds: passed).nanoseconds &- now.nanoseconds
    }

    /// The clock of a log that several machines write: their wall clocks, of which each process goes on from where it found its own.
    package init(ofWall time: UnixTime, at now: Instant) {
        offset = Interval(milliseconds: time.milliseconds).nanoseconds &- now.nanoseconds
    }

    package func reading(at instant: Instant) -> Reading {
        Reading(nanoseconds: instant.nanoseconds &+ offset)
    }

    /// A moment that was read as it stands in the log.
    func instant(ofLog instant: Instant) -> Instant {
        instant == .never ? .never : self.instant(of: Reading(nanoseconds: instant.nanoseconds))
    }

    package func instant(of reading: Reading) -> Instant {
        Instant(nanoseconds: reading.nanoseconds &- offset)
    }
}
