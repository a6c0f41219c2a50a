/// Entries on their way into a log or back from it, one behind the other in one buffer.
internal import Primitives

/// And what belongs to each: who waits for its outcome, and the room that is set aside for it.
package struct WaitingEntries: ~Copyable {
    /// What belongs to an entry whose outcome is not known yet.
    private struct Claim {
        let byteCount: Int
        /// Room that is set aside for the topics it creates.
        var reserved: Int
        var ticket: PublishTicket?
        /// Who waited for it was told that nobody knows what becomes of it.
        var isAbandoned = false
    }

    private var bytes = ByteBuffer()
    private var claims = Queue<Claim>()

    package init() {}

    package var isEmpty: Bool { claims.isEmpty }

    /// Of all entries.
    package var byteCount: Int { bytes.count }

    /// The first entry. Valid until something changes.
    package var first: UnsafeBufferPointer<UInt8>? {
        claims.first.map { UnsafeBufferPointer(rebasing: bytes.unsafeBytes[..<$0.byteCount]) }
    }

    /// What belongs to the first entry, of which there must be one.
    private var firstClaim: Claim {
        guard let first = claims.first else { preconditionFailure("no entry is on its way") }
        return first
    }

    private mutating func removeFirst() {
        guard let first = claims.popFirst() else { return }
        bytes.consume(first.byteCount)
    }

    /// Moves the first entry of `other` to the end.
    package mutating func take(_ other: inout WaitingEntries) {
        guard let first = other.first else { return }
        bytes.append(first)
        claims.append(other.firstClaim)
        other.removeFirst()
    }

    /// Appends a batch; without a ticket nobody waits for what becomes of it.
    package mutating func append(
        _ batch: borrowing UpdateBatch, at moment: LogEntry.Moment, reserved: Int = 0,
        for ticket: PublishTicket? = nil
    ) {
        let before = bytes.count
        LogEntry.write(batch, at: moment, to: &bytes)
        claims.append(Claim(byteCount: bytes.count - before, reserved: reserved, ticket: ticket))
    }

    /// Applies the first entry, tells who waits for it, and removes it.
    package mutating func applyFirst(
        to sequencer: Sequencer, by clock: LogClock, reading batch: inout UpdateBatch
    ) {
        guard let bytes = first else { return }
        var claim = firstClaim
        do throws(LogEntryFailure) {
            let outcome = try sequencer.apply(bytes, by: clock, reading: &batch, reserved: &claim.reserved)
            if let outcome, let ticket = claim.ticket {
                ticket.receiver.received(outcome, for: ticket.number)
            }
        } catch {
            preconditionFailure("an entry of this process: \(error)")
        }
        if claim.reserved > 0 { sequencer.release(claim.reserved) }
        removeFirst()
    }

    /// Tells all who wait that nobody will know what becomes of theirs. All of it stays.
    package mutating func abandonAwaited(_ failure: PublishFailure) {
        var abandoned = Queue<Claim>()
        while var claim = claims.popFirst() {
            if let ticket = claim.ticket {
                ticket.receiver.received(.failure(failure), for: ticket.number)
                (claim.ticket, claim.isAbandoned) = (nil, true)
            }
            abandoned.append(claim)
        }
        claims = abandoned
    }

    /// Moves the first entry of `other` to the end, unless nobody wants it any more: then it is gone.
    package mutating func takeWanted(_ other: inout WaitingEntries, releasing sequencer: Sequencer) {
        guard !other.isEmpty, other.firstClaim.isAbandoned else { return take(&other) }
        if other.firstClaim.reserved > 0 { sequencer.release(other.firstClaim.reserved) }
        other.removeFirst()
    }

    /// Tells all who wait that nothing becomes of theirs, and removes it. What nobody waits for stays.
    package mutating func dropAwaited(_ failure: PublishFailure, releasing sequencer: Sequencer) {
        var kept = WaitingEntries()
        while !isEmpty {
            if firstClaim.ticket == nil {
                kept.take(&self)
            } else {
                dropFirst(failure, releasing: sequencer)
            }
        }
        self = kept
    }

    /// Tells all who wait that nothing becomes of theirs, and removes it.
    package mutating func drop(_ failure: PublishFailure, releasing sequencer: Sequencer) {
        while !isEmpty { dropFirst(failure, releasing: sequencer) }
    }

    private mutating func dropFirst(_ failure: PublishFailure, releasing sequencer: Sequencer) {
        let claim = firstClaim
        if let ticket = claim.ticket { ticket.receiver.received(.failure(failure), for: ticket.number) }
        if claim.reserved > 0 { sequencer.release(claim.reserved) }
        removeFirst()
    }
}
