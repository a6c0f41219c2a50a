/// Which epochs a cursor may be of: the present one, and those that it continues.
package import Primitives

/// A restart after a crash, a lost end of a disk and a failover are one case: a new epoch goes on from what survived
/// of the old one. A cursor of the old epoch still says something, up to there.
package struct Lineage: Sendable, Equatable {
    /// An epoch that is over.
    package struct Former: Sendable, Equatable {
        package let epoch: Epoch
        /// The last of its sequence numbers that the present epoch goes on from.
        package let survived: UInt64

        package init(epoch: Epoch, survived: UInt64) {
            self.epoch = epoch
            self.survived = survived
        }
    }

    /// A cursor so many restarts old is reset: a lineage may not grow for ever.
    package static let formerLimit = 16

    package let current: Epoch
    /// The last one first, at most `formerLimit`.
    package let former: [Former]

    package init(_ current: Epoch, continuing former: [Former] = []) {
        self.current = current
        self.former = Array(former.prefix(Self.formerLimit))
    }

    /// The lineage from the moment on when `epoch` goes on where only the updates up to `sequence` survived.
    package func continued(by epoch: Epoch, after sequence: UInt64) -> Lineage {
        let older = former.map { Former(epoch: $0.epoch, survived: min($0.survived, sequence)) }
        return Lineage(epoch, continuing: [Former(epoch: current, survived: sequence)] + older)
    }

    /// Whether `cursor` names a place in this history, of which `sequence` is the end. Its holder may hold all up to its reach: where
    /// that is not there yet, versions would fall.
    package func contains(_ cursor: Cursor, endingAt sequence: UInt64) -> Bool {
        guard cursor.reach <= sequence else { return false }
        if cursor.epoch == current.text { return true }
        return former.contains { $0.epoch.text == cursor.epoch && cursor.reach <= $0.survived }
    }

    /// Whether `cursor` may be of a place that is still to come here: beyond the end, or of an epoch that is not known.
    func mayReach(_ cursor: Cursor, from sequence: UInt64) -> Bool {
        if cursor.epoch == current.text { return cursor.reach > sequence }
        return !former.contains { $0.epoch.text == cursor.epoch } && Epoch.isWellFormed(cursor.epoch)
    }

    // MARK: As text

    /// The present epoch, then a cursor for the end of each former one, with spaces between: the form in which a
    /// lineage stands in an entry.
    var text: Payload {
        var text = ByteBuffer()
        text.append(current.text)
        for epoch in former {
            text.append(ASCII.space)
            text.append(cursorOf: epoch.epoch, epoch.survived)
        }
        return Payload(text.bytes)
    }

    /// Reads that form; nil when it is malformed.
    package init?(_ text: Payload) {
        let words = Array(text.unsafeBytes).split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard let first = words.first, !first.isEmpty else { return nil }
        var former: [Former] = []
        for word in words.dropFirst() {
            guard let cursor = Cursor(Array(word).span) else { return nil }
            former.append(Former(epoch: Epoch(cursor.epoch), survived: cursor.sequence))
        }
        self.init(Epoch(String(decoding: first, as: UTF8.self)), continuing: former)
    }
}
