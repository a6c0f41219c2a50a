/// What guards a batch, as bytes ahead of it: its key, and its conditions. docs/journal-format.md shows them.
internal import Primitives

extension UpdateBatch {
    private enum Flag {
        static let hasKey: UInt8 = 1
        static let isStream: UInt8 = 2
    }

    private enum ConditionCode {
        static let version: UInt8 = 0
        static let exists: UInt8 = 1
    }

    func writeGuards(to output: inout ByteBuffer) {
        output.append(
            key == nil ? 0 : Flag.hasKey | (key?.place == nil ? 0 : Flag.isStream))
        if let key {
            key.id.write(to: &output)
            if let place = key.place {
                output.append(littleEndian: place.updateCount)
                output.append(littleEndian: place.fingerprint.bits)
            }
        }
        output.append(littleEndian: UInt32(conditions.count))
        for (update, condition) in conditions {
            output.append(littleEndian: UInt32(update))
            switch condition {
            case .version(let version):
                output.append(ConditionCode.version)
                output.append(littleEndian: version)
            case .exists:
                output.append(ConditionCode.exists)
                output.append(littleEndian: UInt64(0))
            }
        }
    }

    /// Replaces all by the batch that stands there behind its guards.
    mutating func read(guarded reader: inout ByteReader) throws(LogEntryFailure) {
        let key = try Self.readKey(&reader)
        guard let count = reader.number(UInt32.self) else { throw Self.cutOff }
        var conditions: [(update: Int, condition: VersionCondition)] = []
        for _ in 0..<count { conditions.append(try Self.readCondition(&reader)) }
        try read(&reader)
        self.key = key
        for (update, condition) in conditions {
            guard update < self.count else {
                removeAll()
                throw LogEntryFailure("a condition of its batch is for none of its updates")
            }
            demand(condition, ofUpdate: update)
        }
    }

    private static var cutOff: LogEntryFailure { LogEntryFailure("what guards its batch is cut off") }

    private static func readKey(_ reader: inout ByteReader) throws(LogEntryFailure) -> PublishKey? {
        guard let flags = reader.number(UInt8.self) else { throw cutOff }
        guard flags & Flag.hasKey != 0 else { return nil }
        guard let id = PublishKey.ID(&reader) else { throw cutOff }
        guard flags & Flag.isStream != 0 else { return PublishKey(id) }
        guard let count = reader.number(UInt64.self), let bits = reader.number(UInt64.self) else {
            throw cutOff
        }
        return PublishKey(
            id, place: PublishKey.Place(updateCount: count, fingerprint: UpdateFingerprint(bits: bits)))
    }

    private static func readCondition(
        _ reader: inout ByteReader
    ) throws(LogEntryFailure) -> (update: Int, condition: VersionCondition) {
        guard let update = reader.number(UInt32.self), let code = reader.number(UInt8.self),
            let version = reader.number(UInt64.self)
        else { throw cutOff }
        switch code {
        case ConditionCode.version: return (Int(update), .version(version))
        case ConditionCode.exists: return (Int(update), .exists)
        default: throw LogEntryFailure("a condition of its batch is of a kind, \(code), that is none")
        }
    }
}

extension PublishKey.ID {
    func write(to output: inout ByteBuffer) {
        output.append(littleEndian: high)
        output.append(littleEndian: low)
    }

    init?(_ reader: inout ByteReader) {
        guard let high = reader.number(UInt64.self), let low = reader.number(UInt64.self) else { return nil }
        self.init(high: high, low: low)
    }
}

extension KeyMemory {
    private enum Flag {
        static let isStream: UInt8 = 1
        static let hasVersion: UInt8 = 2
        static let hasConflict: UInt8 = 4
    }

    func write(to output: inout ByteBuffer, by clock: LogClock) {
        output.append(littleEndian: UInt32(count))
        forEach { id, record in
            output.append(
                (record.isStream ? Flag.isStream : 0)
                    | (record.outcome.lastVersion == nil ? 0 : Flag.hasVersion)
                    | (record.conflict == nil ? 0 : Flag.hasConflict))
            id.write(to: &output)
            for number in [
                record.updateCount, record.fingerprint.bits, clock.reading(at: record.since).nanoseconds,
                UInt64(record.outcome.accepted), record.outcome.time.milliseconds,
            ] { output.append(littleEndian: number) }
            if let version = record.outcome.lastVersion { output.append(littleEndian: version) }
            guard let conflict = record.conflict else { return }
            output.append(littleEndian: UInt64(conflict.update))
            output.append(littleEndian: conflict.version)
        }
    }

    init(_ reader: inout ByteReader) throws(LogEntryFailure) {
        self.init()
        guard let count = reader.number(UInt32.self) else { throw Self.cutOff }
        for _ in 0..<count {
            guard let flags = reader.number(UInt8.self), let id = PublishKey.ID(&reader),
                let record = Self.readRecord(flags, &reader)
            else { throw Self.cutOff }
            restore(id, record)
        }
    }

    private static var cutOff: LogEntryFailure { LogEntryFailure("the keys of a state are cut off") }

    /// Its moment is the log's.
    private static func readRecord(_ flags: UInt8, _ reader: inout ByteReader) -> Record? {
        guard let updateCount = reader.number(UInt64.self), let bits = reader.number(UInt64.self),
            let since = reader.number(UInt64.self), let accepted = reader.number(UInt64.self),
            let time = reader.number(UInt64.self)
        else { return nil }
        var record = Record(
            updateCount: updateCount, fingerprint: UpdateFingerprint(bits: bits),
            isStream: flags & Flag.isStream != 0,
            outcome: PublishOutcome(
                accepted: Int(clamping: accepted), lastVersion: nil, time: UnixTime(milliseconds: time)),
            since: Instant(nanoseconds: since))
        if flags & Flag.hasVersion != 0 {
            guard let version = reader.number(UInt64.self) else { return nil }
            record.outcome.lastVersion = version
        }
        if flags & Flag.hasConflict != 0 {
            guard let update = reader.number(UInt64.self), let version = reader.number(UInt64.self)
            else { return nil }
            record.conflict = VersionConflict(update: Int(clamping: update), version: version)
        }
        return record
    }
}
