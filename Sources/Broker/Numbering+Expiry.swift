/// Topics that end by themselves, and values that count as stale: both are events in the one order like any update.
internal import Primitives

extension Numbering {
    /// When `expire` has something to do; `never` where nothing ends.
    var nextExpiry: Instant { expiries.nextDeadline ?? .never }

    /// Ends topics whose time is over and says of others that they are stale, as far as their moment has come: `limit` at most.
    mutating func expire(at moment: Moment, limit: Int, to sink: inout some EntrySink & ~Copyable) {
        var due: [UInt32] = []
        expiries.expire(now: moment.now, limit: limit, into: &due)
        for topic in due where records.contains(topic) { settle(topic, moment, &sink) }
        purge(moment.now, &sink)
    }

    /// Names topics that may be due, `limit` at most: whoever keeps a log has it decide about them (`UpdateBatch.append(due:)`). They
    /// are named again if nothing comes of it for `patience`.
    mutating func nameDue(
        at now: Instant, limit: Int, again patience: Interval, in batch: inout UpdateBatch
    ) {
        var due: [UInt32] = []
        expiries.expire(now: now, limit: limit, into: &due)
        for topic in due {
            guard records.contains(topic), let lifetime = records[topic].lifetime else { continue }
            guard lifetime.deadline <= now else {
                schedule(topic, lifetime)
                continue
            }
            batch.append(due: records[topic].name.unsafeBytes)
            expiries.schedule(topic, noLaterThan: now + patience)
        }
    }

    /// Looks at the deadlines of a topic, if there is one of that name.
    mutating func settle(
        _ name: UnsafeBufferPointer<UInt8>, _ moment: Moment, _ sink: inout some EntrySink & ~Copyable
    ) {
        guard let topic = names.find(name, records) else { return }
        settle(topic, moment, &sink)
        purge(moment.now, &sink)
    }

    private mutating func settle(
        _ topic: UInt32, _ moment: Moment, _ sink: inout some EntrySink & ~Copyable
    ) {
        guard let lifetime = records[topic].lifetime else { return }
        if lifetime.end <= moment.now {
            _ = number(topic, .expiry, .none, moment, &sink)
        } else {
            if lifetime.staleness == nil, lifetime.staleAt <= moment.now {
                becomeStale(topic, lifetime, moment, &sink)
            }
            schedule(topic, lifetime)
        }
    }

    private mutating func becomeStale(
        _ topic: UInt32, _ lifetime: Lifetime, _ moment: Moment, _ sink: inout some EntrySink & ~Copyable
    ) {
        let late = moment.now.since(lifetime.staleAt).nanoseconds / 1_000_000
        let since = UnixTime(milliseconds: moment.time.milliseconds - min(late, moment.time.milliseconds))
        let notice = Staleness.encode(records[topic].name.unsafeBytes, since: since)
        recordStale(
            InboxEntry(
                payload: notice, sequence: sequence + 1, version: records[topic].version,
                accepted: moment.now,
                topic: topic, event: .stale),
            lifetime, &sink)
    }

    /// Takes note of a numbered event and hands it on.
    mutating func recordStale(
        _ entry: InboxEntry, _ lifetime: Lifetime, _ sink: inout some EntrySink & ~Copyable
    ) {
        if stateWalk != nil { preserve(entry.topic) }
        sequence = entry.sequence
        lifetime.becomeStale(Staleness(notice: entry.payload, sequence: entry.sequence))
        sink.post(entry)
    }

    /// A topic has been updated or has ended: its time begins anew, or stops.
    mutating func restart(_ lifetime: Lifetime, _ entry: InboxEntry) {
        guard entry.event == .value else { return lifetime.stop() }
        lifetime.begin(at: entry.accepted, entry.timeToLive)
        schedule(entry.topic, lifetime)
    }

    /// What moves a deadline away leaves the timer as it is: it fires, looks, and is set anew.
    mutating func schedule(_ topic: UInt32, _ lifetime: Lifetime) {
        let deadline = lifetime.deadline
        if deadline != .never { expiries.schedule(topic, noLaterThan: deadline) }
    }
}
