/// From the bytes of a name to a small number, without making a key to ask.
internal import Primitives

/// Hashes are seeded for each process, so a flood of chosen names cannot make it slow.
struct NameTable {
    private struct Place: TablePlace {
        var hash: UInt32
        var index: UInt32

        static var free: Place { Place(hash: 0, index: .max) }
        var isFree: Bool { index == .max }
    }

    private var places = SegmentedTable<Place>(placeCount: 64)
    /// The names, by index.
    private var names: [Payload?] = []
    private(set) var count = 0

    /// The index that `name` was inserted with.
    func find(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
        let hash = Self.hash(name)
        return places.find(hash) { place in
            guard place.hash == hash, let held = names[Int(place.index)] else { return false }
            return held.unsafeBytes.isSame(as: name)
        }?.index
    }

    /// Gives `name`, which must not be in the table, the number `index`, which must be free.
    mutating func insert(_ name: Payload, index: UInt32) {
        while names.count <= Int(index) { names.append(nil) }
        precondition(names[Int(index)] == nil, "the index already has a name")
        names[Int(index)] = name
        let hash = Self.hash(name.unsafeBytes)
        places.insert(Place(hash: hash, index: index), hash: hash, hashOf: \.hash)
        count += 1
    }

    /// Forgets the name of `index`.
    mutating func remove(index: UInt32) {
        guard Int(index) < names.count, let name = names[Int(index)] else { return }
        names[Int(index)] = nil
        count -= 1
        places.remove(Self.hash(name.unsafeBytes), hashOf: \.hash) { $0.index == index }
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
