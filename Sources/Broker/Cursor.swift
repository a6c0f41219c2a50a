/// A place in the gateway's history: "I hold the latest value, as of here, of all that I subscribe to".
package import Primitives

/// One life of the gateway's numbering of updates. `Lineage` says which other epochs a cursor may be of.
package struct Epoch: Sendable, Equatable {
    /// 1 to 16 characters of `[a-z0-9]`.
    package let text: String
    /// What all its cursors begin with: cursors are written for every flush, so this is made once.
    fileprivate let cursorPrefix: [UInt8]

    package init(random: inout some RandomNumberGenerator) {
        let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        self.init(String((0..<8).map { _ in alphabet[Int.random(in: 0..<36, using: &random)] }))
    }

    /// One that no other has, as far as chance goes.
    package static func random() -> Epoch {
        var generator = SystemRandomNumberGenerator()
        return Epoch(random: &generator)
    }

    /// Whether an epoch may be called so.
    static func isWellFormed(_ text: String) -> Bool {
        1...16 ~= text.utf8.count
            && text.utf8.allSatisfy { ASCII.isDigit($0) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
    }

    package init(_ text: String) {
        self.text = text
        cursorPrefix = Array("\(text)-".utf8)
    }
}

/// A cursor as subscribers hold it: the epoch, "-", and the sequence number it covers everything up to. In the middle of a
/// snapshot that is told in several answers, "." and a second number follow: where the snapshot began; and "." and a third one
/// where it shows only the last so many of the updates that a log keeps. Where the gateway was further than the cursor, "~" and a
/// last number follow: how far. What its holder holds, and was not sent because it had changed again, depends on nothing after that.
package struct Cursor: Sendable, Equatable {
    package let epoch: String
    package let sequence: UInt64
    /// Its holder was told nothing of what had ended before.
    package let snapshotBegan: UInt64?
    /// How many of the updates that a log keeps that snapshot shows; nil: all.
    package let last: Int?
    /// How far the gateway was; nil: as far as the cursor.
    package let seen: UInt64?

    /// Whoever was purged up to here is nobody that its holder holds.
    var covered: UInt64 { max(sequence, snapshotBegan ?? 0) }

    /// The cursor says what it says where nothing up to here is lost.
    var reach: UInt64 { max(covered, seen ?? 0) }

    /// Cursors longer than this are nobody's.
    package static let maximumByteCount = 64

    package init(epoch: Epoch, sequence: UInt64) {
        self.epoch = epoch.text
        self.sequence = sequence
        snapshotBegan = nil
        last = nil
        seen = nil
    }

    /// Reads a cursor that a subscriber presents; nil when it is malformed, which is answered with a reset.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= Self.maximumByteCount,
            let dash = bytes.indices.last(where: { bytes[$0] == ASCII.minus }),
            dash > 0
        else { return nil }
        let tilde = bytes.indices.last { $0 > dash && bytes[$0] == ASCII.tilde }
        let end = tilde ?? bytes.count
        let dot = bytes.indices.first { $0 > dash && $0 < end && bytes[$0] == ASCII.period }
        let nextDot = bytes.indices.last { $0 > dot ?? end && $0 < end && bytes[$0] == ASCII.period }
        guard let sequence = bytes.extracting((dash + 1)..<(dot ?? end)).decimal else { return nil }
        snapshotBegan = dot.flatMap { bytes.extracting(($0 + 1)..<(nextDot ?? end)).decimal }
        last = nextDot.flatMap { bytes.extracting(($0 + 1)..<end).decimal }.flatMap { Int(exactly: $0) }
        seen = tilde.flatMap { bytes.extracting(($0 + 1)..<bytes.count).decimal }
        guard (dot == nil) == (snapshotBegan == nil), (nextDot == nil) == (last == nil),
            (tilde == nil) == (seen == nil)
        else { return nil }
        epoch = bytes.extracting(0..<dash).text
        self.sequence = sequence
    }
}

extension ByteBuffer {
    /// Appends a cursor as subscribers hold it; `Cursor.init(_:)` reads it.
    package mutating func append(
        cursorOf epoch: Epoch, _ sequence: UInt64, snapshotBegan: UInt64? = nil, last: Int? = nil,
        seen: UInt64? = nil
    ) {
        append(epoch.cursorPrefix)
        append(decimal: sequence)
        if let snapshotBegan {
            append(ASCII.period)
            append(decimal: snapshotBegan)
            if let last {
                append(ASCII.period)
                append(decimal: UInt64(last))
            }
        }
        if let seen, seen > sequence {
            append(ASCII.tilde)
            append(decimal: seen)
        }
    }
}
