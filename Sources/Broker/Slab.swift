/// Elements at stable places, named by a dense 32-bit index; freed places are used again.
///
/// Memory grows by chunks that never move, so growing copies nothing and an index stays good until it is freed.
struct Slab<Element: ~Copyable>: ~Copyable {
    /// 512 elements a chunk: growing is rare, and the slack of the last chunk is small.
    static var chunkShift: Int { 9 }
    static var chunkMask: Int { (1 << chunkShift) - 1 }

    private(set) var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    private var chunkCount = 0
    private var chunkCapacity = 16
    /// Places that were handed out at least once: 0 ..< limit.
    private(set) var limit = 0
    private var free: [UInt32] = []
    /// Whether a place holds an element; only for checks and for the end.
    private var isUsed: [Bool] = []

    init() {
        chunks = .allocate(capacity: chunkCapacity)
    }

    deinit {
        for index in 0..<limit where isUsed[index] {
            (chunks[index >> Self.chunkShift] + (index & Self.chunkMask)).deinitialize(count: 1)
        }
        for chunk in 0..<chunkCount { chunks[chunk].deallocate() }
        chunks.deallocate()
    }

    /// The number of elements held.
    var count: Int { limit - free.count }

    func contains(_ index: UInt32) -> Bool {
        Int(index) < limit && isUsed[Int(index)]
    }

    /// Takes a place for `element` and returns its index. Complexity: O(1), amortised.
    mutating func insert(_ element: consuming Element) -> UInt32 {
        let index: Int
        if let freed = free.popLast() {
            index = Int(freed)
            isUsed[index] = true
        } else {
            index = limit
            if index >> Self.chunkShift == chunkCount { addChunk() }
            limit += 1
            isUsed.append(true)
        }
        (chunks[index >> Self.chunkShift] + (index & Self.chunkMask)).initialize(to: element)
        return UInt32(index)
    }

    /// Ends the element at `index`; the place may be handed out again.
    mutating func remove(_ index: UInt32) {
        precondition(contains(index), "removed a place that holds no element")
        (chunks[Int(index) >> Self.chunkShift] + (Int(index) & Self.chunkMask)).deinitialize(count: 1)
        isUsed[Int(index)] = false
        free.append(index)
    }

    /// The element at `index`, in place. The index must be one that is in use.
    @inline(__always) subscript(index: UInt32) -> Element {
        unsafeAddress {
            UnsafePointer(chunks[Int(index) >> Self.chunkShift] + (Int(index) & Self.chunkMask))
        }
        unsafeMutableAddress {
            chunks[Int(index) >> Self.chunkShift] + (Int(index) & Self.chunkMask)
        }
    }

    private mutating func addChunk() {
        if chunkCount == chunkCapacity {
            let wider = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(
                capacity: chunkCapacity * 2)
            wider.update(from: chunks, count: chunkCount)
            chunks.deallocate()
            chunks = wider
            chunkCapacity *= 2
        }
        // Elements of whole cache lines lie in whole cache lines.
        chunks[chunkCount] = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<Element>.stride << Self.chunkShift, alignment: 64
        ).bindMemory(to: Element.self, capacity: 1 << Self.chunkShift)
        chunkCount += 1
    }
}
