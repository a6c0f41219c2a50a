/// From the bytes of a name to a small number, without making a key to ask.
internal import Primitives

/// What has a name that is in the table.
protocol Named: ~Copyable {
    var name: Payload { get }
}

/// The names themselves are with those that bear them, whose places are the numbers. Hashes are seeded for each process, so a
/// flood of chosen names cannot make it slow.
struct NameTable {
    private struct Place: TablePlace {
        var hash: UInt32
        var index: UInt32

        static var free: Place { Place(hash: 0, index: .max) }
        var isFree: Bool { index == .max }
    }

    private var places = SegmentedTable<Place>(placeCount: 64)
    private(set) var count = 0

    /// The place of whoever has the name.
    func find(_ name: UnsafeBufferPointer<UInt8>, _ bearers: borrowing Slab<some Named & ~Copyable>)
        -> UInt32?
    {
        let hash = Self.hash(name)
        return places.find(hash) { place in
            place.hash == hash && bearers[place.index].name.unsafeBytes.isSame(as: name)
        }?.index
    }

    /// Adds the name of the bearer at `index`, which must not be in the table.
    mutating func insert(_ index: UInt32, _ bearers: borrowing Slab<some Named & ~Copyable>) {
        let hash = Self.hash(bearers[index].name.unsafeBytes)
        places.insert(Place(hash: hash, index: index), hash: hash, hashOf: \.hash)
        count += 1
    }

    /// Takes out the name of the bearer at `index`.
    mutating func remove(_ index: UInt32, _ bearers: borrowing Slab<some Named & ~Copyable>) {
        places.remove(Self.hash(bearers[index].name.unsafeBytes), hashOf: \.hash) { $0.index == index }
        count -= 1
    }

    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether both are the same bytes. Eight at a time: it is asked for every update (`Benchmarks/instructions
    /// publish`: 4,121 with `elementsEqual`, 3,927 so).
    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        let (left, right) = (UnsafeRawBufferPointer(self), UnsafeRawBufferPointer(other))
        var at = 0
        while at + 8 <= count {
            let word = left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            guard word == right.loadUnaligned(fromByteOffset: at, as: UInt64.self) else { return false }
            at += 8
        }
        while at < count {
            guard self[at] == other[at] else { return false }
            at += 1
        }
        return true
    }
}
