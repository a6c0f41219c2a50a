/// The state as bytes: chunks of topics, and the order that they belong to. docs/journal-format.md shows them.
package import Primitives

/// What a topic's flags say.
private enum Flag {
    static let isEnded: UInt8 = 1
    static let isStale: UInt8 = 2
    static let hasLog: UInt8 = 4
}

extension TopicState {
    package func write(to output: inout ByteBuffer, by clock: LogClock) {
        output.append(
            (isEnded ? Flag.isEnded : 0) | (staleness == nil ? 0 : Flag.isStale)
                | (log == nil ? 0 : Flag.hasLog))
        output.append(littleEndian: timeToLive.bits)
        output.append(littleEndian: version)
        output.append(littleEndian: sequence)
        output.append(littleEndian: clock.reading(at: accepted).nanoseconds)
        output.append(counted: name.unsafeBytes)
        output.append(counted: latest.unsafeBytes)
        if let staleness {
            output.append(littleEndian: staleness.sequence)
            output.append(counted: staleness.notice.unsafeBytes)
        }
        log?.write(to: &output, by: clock)
    }

    /// Reads the next topic of a chunk. Its moments are the log's (`Sequencer.live(by:)`).
    package init(_ reader: inout ByteReader) throws(LogEntryFailure) {
        guard let flags = reader.number(UInt8.self), let timeToLive = reader.number(UInt16.self),
            let version = reader.number(UInt64.self), let sequence = reader.number(UInt64.self),
            let accepted = reader.number(UInt64.self), let name = reader.countedBytes(), !name.isEmpty,
            let latest = reader.countedBytes()
        else { throw LogEntryFailure("a topic is cut off") }
        self.name = Payload(name.span)
        self.latest = Payload(latest.span)
        isEnded = flags & Flag.isEnded != 0
        self.version = version
        self.sequence = sequence
        self.accepted = Instant(nanoseconds: accepted)
        self.timeToLive = TimeToLive(bits: timeToLive)
        staleness = flags & Flag.isStale != 0 ? try Staleness(&reader) : nil
        log = flags & Flag.hasLog != 0 ? try LogState(&reader) : nil
    }
}

extension Staleness {
    fileprivate init(_ reader: inout ByteReader) throws(LogEntryFailure) {
        guard let sequence = reader.number(UInt64.self), let notice = reader.countedBytes() else {
            throw LogEntryFailure("a stale topic is cut off")
        }
        self.init(notice: Payload(notice.span), sequence: sequence)
    }
}

extension TopicState.LogState {
    fileprivate func write(to output: inout ByteBuffer, by clock: LogClock) {
        for number in [firstVersion, lostSequence, lifeVersion, originSequence, originVersion] {
            output.append(littleEndian: number)
        }
        output.append(littleEndian: UInt32(kept.count))
        for update in kept {
            output.append(littleEndian: update.sequence)
            output.append(littleEndian: clock.reading(at: update.accepted).nanoseconds)
            output.append(counted: update.payload.unsafeBytes)
        }
    }

    fileprivate init(_ reader: inout ByteReader) throws(LogEntryFailure) {
        guard let firstVersion = reader.number(UInt64.self), let lostSequence = reader.number(UInt64.self),
            let lifeVersion = reader.number(UInt64.self), let originSequence = reader.number(UInt64.self),
            let originVersion = reader.number(UInt64.self), let count = reader.number(UInt32.self)
        else { throw LogEntryFailure("a log is cut off") }
        var kept: [TopicLog.Kept] = []
        for _ in 0..<count {
            guard let sequence = reader.number(UInt64.self), let accepted = reader.number(UInt64.self),
                let payload = reader.countedBytes()
            else { throw LogEntryFailure("a log is cut off") }
            kept.append(
                TopicLog.Kept(
                    payload: Payload(payload.span), sequence: sequence,
                    accepted: Instant(nanoseconds: accepted)))
        }
        self.init(
            kept: kept, firstVersion: firstVersion, lostSequence: lostSequence, lifeVersion: lifeVersion,
            originSequence: originSequence, originVersion: originVersion)
    }
}

extension OrderState {
    package func write(to output: inout ByteBuffer, by clock: LogClock) {
        for number in [sequence, purgedVersion, purgedSequence, UInt64(topicCount)] {
            output.append(littleEndian: number)
        }
        let text = lineage.text
        withExtendedLifetime(text) { output.append(counted: text.unsafeBytes) }
        rules.write(to: &output)
        keys.write(to: &output, by: clock)
    }

    package init(_ reader: inout ByteReader) throws(LogEntryFailure) {
        guard let sequence = reader.number(UInt64.self), let purgedVersion = reader.number(UInt64.self),
            let purgedSequence = reader.number(UInt64.self), let topicCount = reader.number(UInt64.self),
            let text = reader.countedBytes(), let lineage = Lineage(Payload(text.span))
        else { throw LogEntryFailure("the head of a state is cut off") }
        var rules = Sequencer.Retention()
        try rules.read(&reader)
        let keys = reader.isAtEnd ? KeyMemory() : try KeyMemory(&reader)
        self.init(
            sequence: sequence, lineage: lineage, purgedVersion: purgedVersion,
            purgedSequence: purgedSequence, rules: rules, keys: keys, topicCount: Int(clamping: topicCount))
    }
}
