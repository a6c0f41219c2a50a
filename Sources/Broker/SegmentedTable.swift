/// A hash table that grows piece by piece: no insertion moves more than one piece of it.

/// What a place of the table holds.
protocol TablePlace {
    /// A place that holds nothing.
    static var free: Self { get }
    var isFree: Bool { get }
}

/// Extendible hashing (Fagin and others 1979): the leading bits of a hash choose a segment, in which linear probing finds
/// the element; a segment that is too full is split in two. Hashes are the owner's business: it seeds them where strangers
/// choose the keys, and says again what the hash of an element is when that moves.
struct SegmentedTable<Place: TablePlace> {
    /// Places of a segment before it is split rather than doubled.
    private static var segmentPlaceCount: Int { 512 }
    /// Splitting ends here: what then shares a segment has the same hash.
    private static var greatestDepth: UInt32 { 24 }

    private struct Segment {
        var places: [Place]
        var count = 0
        /// The number of leading bits that all hashes here share.
        var depth: UInt32

        init(placeCount: Int, depth: UInt32) {
            places = Array(repeating: .free, count: placeCount)
            self.depth = depth
        }

        var isFull: Bool { (count + 1) * 4 > places.count * 3 }
    }

    private var segments: [Segment]
    /// By the leading `depth` bits of a hash, the segment's number.
    private var directory: [UInt32] = [0]
    private var depth: UInt32 = 0

    /// - Parameter placeCount: how many places there are in the beginning, a power of two.
    init(placeCount: Int) {
        segments = [Segment(placeCount: placeCount, depth: 0)]
    }

    private func segment(of hash: UInt32) -> Int {
        depth == 0 ? 0 : Int(directory[Int(hash >> (32 - depth))])
    }

    /// The element of that hash for which `isSought` holds.
    @inline(__always) func find(_ hash: UInt32, _ isSought: (Place) -> Bool) -> Place? {
        let number = segment(of: hash)
        let mask = segments[number].places.count - 1
        var at = Int(hash) & mask
        while true {
            let place = segments[number].places[at]
            if place.isFree { return nil }
            if isSought(place) { return place }
            at = (at + 1) & mask
        }
    }

    /// Adds an element that is not in the table.
    mutating func insert(_ place: Place, hash: UInt32, hashOf: (Place) -> UInt32) {
        var number = segment(of: hash)
        while segments[number].isFull {
            grow(number, hash, hashOf)
            number = segment(of: hash)
        }
        put(place, hash, into: number)
    }

    private mutating func put(_ place: Place, _ hash: UInt32, into number: Int) {
        let mask = segments[number].places.count - 1
        var at = Int(hash) & mask
        while !segments[number].places[at].isFree { at = (at + 1) & mask }
        segments[number].places[at] = place
        segments[number].count += 1
    }

    private mutating func grow(_ number: Int, _ hash: UInt32, _ hashOf: (Place) -> UInt32) {
        let old = segments[number]
        guard old.places.count >= Self.segmentPlaceCount, old.depth < Self.greatestDepth else {
            segments[number] = Segment(placeCount: old.places.count * 2, depth: old.depth)
            for place in old.places where !place.isFree { put(place, hashOf(place), into: number) }
            return
        }
        if old.depth == depth {
            directory = directory.flatMap { [$0, $0] }
            depth += 1
        }
        let twin = segments.count
        segments[number] = Segment(placeCount: old.places.count, depth: old.depth + 1)
        segments.append(segments[number])
        // The directory's entries of the old segment stand together; their second half is the twin's.
        let span = 1 << Int(depth - old.depth)
        let first = Int(hash >> (32 - depth)) / span * span
        for entry in (first + span / 2)..<(first + span) { directory[entry] = UInt32(twin) }
        for place in old.places where !place.isFree {
            let hash = hashOf(place)
            put(place, hash, into: segment(of: hash))
        }
    }

    /// Takes out the element of that hash for which `isSought` holds, which must be there.
    mutating func remove(_ hash: UInt32, hashOf: (Place) -> UInt32, _ isSought: (Place) -> Bool) {
        let number = segment(of: hash)
        let mask = segments[number].places.count - 1
        var hole = Int(hash) & mask
        while !isSought(segments[number].places[hole]) { hole = (hole + 1) & mask }
        // Move back whatever was pushed past the hole, so that probing never meets a false end.
        var next = (hole + 1) & mask
        while !segments[number].places[next].isFree {
            let home = Int(hashOf(segments[number].places[next])) & mask
            if (next - home) & mask >= (next - hole) & mask {
                segments[number].places[hole] = segments[number].places[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        segments[number].places[hole] = .free
        segments[number].count -= 1
    }
}
