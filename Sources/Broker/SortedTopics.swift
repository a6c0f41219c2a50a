/// The topics in the byte order of their names, for listings and for patterns with a literal beginning.
internal import Primitives

/// New topics wait unsorted until somebody asks: topics come in crowds, questions seldom.
struct SortedTopics {
    private var indices: [UInt32] = []
    private var waiting: [UInt32] = []

    mutating func insert(_ index: UInt32) {
        waiting.append(index)
    }

    mutating func remove(_ index: UInt32, of topics: borrowing Slab<Topic>) {
        // A search of what waits is linear: it may be a small part of all topics only.
        if waiting.count > max(64, indices.count / 16) { _ = all(of: topics) }
        if let at = waiting.lastIndex(of: index) {
            waiting.remove(at: at)
            return
        }
        let at = firstPlace(notBefore: topics[index].name.unsafeBytes, topics)
        if at < indices.count, indices[at] == index { indices.remove(at: at) }
    }

    /// All topics in order, after those that came since the last time are merged in.
    mutating func all(of topics: borrowing Slab<Topic>) -> [UInt32] {
        guard !waiting.isEmpty else { return indices }
        indices = Self.merge(indices, Self.sort(waiting, topics), topics)
        waiting.removeAll()
        return indices
    }

    /// The place in `all` of the first topic whose name is not before `name`. Requires that nothing waits.
    func firstPlace(notBefore name: UnsafeBufferPointer<UInt8>, _ topics: borrowing Slab<Topic>) -> Int {
        var low = 0
        var high = indices.count
        while low < high {
            let middle = (low + high) / 2
            if topics[indices[middle]].name.unsafeBytes.precedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// A merge sort of its own, because a closure can't borrow what can't be copied.
    private static func sort(_ list: [UInt32], _ topics: borrowing Slab<Topic>) -> [UInt32] {
        guard list.count > 1 else { return list }
        let middle = list.count / 2
        return merge(sort(Array(list[..<middle]), topics), sort(Array(list[middle...]), topics), topics)
    }

    private static func merge(
        _ left: [UInt32], _ right: [UInt32], _ topics: borrowing Slab<Topic>
    ) -> [UInt32] {
        var merged: [UInt32] = []
        merged.reserveCapacity(left.count + right.count)
        var at = 0
        for index in right {
            let name = topics[index].name.unsafeBytes
            while at < left.count, topics[left[at]].name.unsafeBytes.precedes(name) {
                merged.append(left[at])
                at += 1
            }
            merged.append(index)
        }
        merged.append(contentsOf: left[at...])
        return merged
    }
}
