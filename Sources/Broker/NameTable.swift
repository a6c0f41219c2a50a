/// From the bytes of a name to a small number, without making a key to ask.
internal import Primitives

/// Open addressing with linear probing, at most half full. Hashes are seeded for each process, so a flood of
/// chosen names cannot make it slow.
struct NameTable {
    private struct Place {
        var hash: UInt32 = 0
        /// -1: free.
        var index: Int32 = -1
    }

    private var places = [Place](repeating: Place(), count: 64)
    /// The names, by index.
    private var names: [Payload?] = []
    private(set) var count = 0

    /// The index that `name` was inserted with.
    func find(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
        let hash = Self.hash(name)
        var at = Int(hash) & (places.count - 1)
        while places[at].index >= 0 {
            if places[at].hash == hash, let held = names[Int(places[at].index)],
                held.unsafeBytes.isSame(as: name)
            {
                return UInt32(places[at].index)
            }
            at = (at + 1) & (places.count - 1)
        }
        return nil
    }

    /// Gives `name`, which must not be in the table, the number `index`, which must be free.
    mutating func insert(_ name: Payload, index: UInt32) {
        if (count + 1) * 2 > places.count { grow() }
        while names.count <= Int(index) { names.append(nil) }
        precondition(names[Int(index)] == nil, "the index already has a name")
        names[Int(index)] = name
        place(Place(hash: Self.hash(name.unsafeBytes), index: Int32(index)))
        count += 1
    }

    /// Forgets the name of `index`.
    mutating func remove(index: UInt32) {
        guard Int(index) < names.count, let name = names[Int(index)] else { return }
        names[Int(index)] = nil
        count -= 1
        let mask = places.count - 1
        var hole = Int(Self.hash(name.unsafeBytes)) & mask
        while places[hole].index != Int32(index) { hole = (hole + 1) & mask }
        // Move back whatever was pushed past the hole, so that probing never meets a false end.
        var next = (hole + 1) & mask
        while places[next].index >= 0 {
            let home = Int(places[next].hash) & mask
            if (next - home) & mask >= (next - hole) & mask {
                places[hole] = places[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        places[hole] = Place()
    }

    private mutating func place(_ entry: Place) {
        var at = Int(entry.hash) & (places.count - 1)
        while places[at].index >= 0 { at = (at + 1) & (places.count - 1) }
        places[at] = entry
    }

    private mutating func grow() {
        let old = places
        places = [Place](repeating: Place(), count: old.count * 2)
        for entry in old where entry.index >= 0 { place(entry) }
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

    /// Whether these bytes come before `other` in byte order.
    func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        lexicographicallyPrecedes(other)
    }
}
