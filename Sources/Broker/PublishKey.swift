/// What makes publishing repeatable: a key names a batch, or a stream of them, so that it is published once however often it comes.
internal import Primitives

package struct PublishKey: Sendable, Equatable {
    /// 128 bits of a digest of who publishes and the key that he made up: nobody can hit another's.
    package struct ID: Sendable, Hashable {
        let high: UInt64
        let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    /// Where a batch stands in a stream.
    package struct Place: Sendable, Equatable {
        /// How many updates come before it.
        package private(set) var updateCount: UInt64 = 0
        /// What these are.
        package private(set) var fingerprint = UpdateFingerprint()

        package init() {}

        init(updateCount: UInt64, fingerprint: UpdateFingerprint) {
            self.updateCount = updateCount
            self.fingerprint = fingerprint
        }

        /// Goes on behind `batch`.
        package mutating func pass(_ batch: borrowing UpdateBatch) {
            fingerprint.add(batch, 0..<batch.count)
            updateCount += UInt64(batch.count)
        }
    }

    package let id: ID
    /// Nil: the batch is all that comes under the key.
    package var place: Place?

    package init(_ id: ID, place: Place? = nil) {
        self.id = id
        self.place = place
    }
}

/// Tells updates apart from others that are sent under the same key by mistake; from itself it protects nobody.
///
/// It means the same in every process: journals hold it.
package struct UpdateFingerprint: Sendable, Equatable {
    private(set) var bits: UInt64 = 0x9E37_79B9_7F4A_7C15

    package init() {}

    init(bits: UInt64) {
        self.bits = bits
    }

    /// Takes in what is said in these updates of the batch.
    mutating func add(_ batch: borrowing UpdateBatch, _ updates: Range<Int>) {
        var conditions = batch.conditions.drop { $0.update < updates.lowerBound }
        for (place, entry) in zip(updates, batch.entries[updates]) {
            add(batch.name(of: entry))
            if let data = batch.data(of: entry) { add(data) } else { add(.max) }
            add(UInt64(entry.options.timeToLive.bits))
            add(entry.options.moment?.milliseconds ?? .max)
            switch conditions.first?.update == place ? conditions.removeFirst().condition : nil {
            case nil: add(0)
            case .version(let version)?:
                add(1)
                add(version)
            case .exists?: add(2)
            }
        }
    }

    private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        add(UInt64(bytes.count))
        var reader = ByteReader(bytes)
        while let word = reader.number(UInt64.self) { add(word) }
        var rest: UInt64 = 0
        while let byte = reader.number(UInt8.self) { rest = rest << 8 | UInt64(byte) }
        add(rest)
    }

    /// A product by an odd number loses nothing, and a rotation brings what it moved up down again.
    private mutating func add(_ word: UInt64) {
        let product = (bits ^ word) &* 0xD6E8_FEB8_6659_FD93
        bits = product << 29 | product >> 35
    }
}

/// What a publisher demands of a topic before its update counts: that nobody has published meanwhile.
package enum VersionCondition: Sendable, Equatable {
    /// The topic holds this version; 0: it holds no value.
    case version(UInt64)
    /// It holds a value, whichever.
    case exists

    func holds(at present: UInt64) -> Bool {
        switch self {
        case .version(let version): present == version
        case .exists: present > 0
        }
    }
}
