/// The names of all topics, in byte order: finding one, what begins with a prefix, and the next one from any place on.
internal import Primitives

/// A crit-bit tree: a branch stands where two names first differ, so that every step costs no more than a name is long,
/// and nothing ever has to be sorted or grown at once. The names themselves stay in the topics, which every call is handed.
/// A name counts as followed by zero bytes; no name holds one.
struct TopicTree: ~Copyable {
    /// A branch's number, or a topic's with the highest bit set.
    typealias Link = UInt32
    private static var leafBit: Link { 1 << 31 }
    private static var none: Link { .max }

    // Not private: the compiler (6.3) fails on a private type in a container that cannot be copied.
    struct Branch {
        /// Where the names below have a 0 and where they have a 1.
        var zero: Link
        var one: Link
        /// The number of topics below.
        var count: UInt32
        /// The first bit in which names below differ, counted from the highest of the first byte.
        var bit: UInt16
    }

    private var branches = Slab<Branch>()
    private var root = TopicTree.none
    /// Changes with every topic that comes or goes: a place in the tree is good for one edition.
    private(set) var edition: UInt64 = 0

    /// The number of topics.
    var count: Int { root == Self.none ? 0 : count(of: root) }

    private func count(of link: Link) -> Int {
        link & Self.leafBit != 0 ? 1 : Int(branches[link].count)
    }

    // MARK: Finding

    /// The topic of that name.
    func find(_ name: UnsafeBufferPointer<UInt8>, _ topics: borrowing Slab<Topic>) -> UInt32? {
        guard root != Self.none else { return nil }
        let topic = nearest(name)
        return topics[topic].name.unsafeBytes.isSame(as: name) ? topic : nil
    }

    /// A topic that agrees with `key` in every bit that a branch on the way asked for. Requires a topic.
    private func nearest(_ key: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var link = root
        while link & Self.leafBit == 0 {
            link = Self.bit(Int(branches[link].bit), of: key) ? branches[link].one : branches[link].zero
        }
        return link & ~Self.leafBit
    }

    /// The number of topics whose names begin with `prefix`.
    func count(beginningWith prefix: UnsafeBufferPointer<UInt8>, _ topics: borrowing Slab<Topic>) -> Int {
        guard root != Self.none else { return 0 }
        var link = root
        while link & Self.leafBit == 0, Int(branches[link].bit) < prefix.count * 8 {
            link = Self.bit(Int(branches[link].bit), of: prefix) ? branches[link].one : branches[link].zero
        }
        let total = count(of: link)
        while link & Self.leafBit == 0 { link = branches[link].zero }
        return topics[link & ~Self.leafBit].name.unsafeBytes.starts(with: prefix) ? total : 0
    }

    // MARK: Changing

    /// Adds a topic whose name no other one has.
    mutating func insert(_ topic: UInt32, _ topics: borrowing Slab<Topic>) {
        edition += 1
        let leaf = topic | Self.leafBit
        guard root != Self.none else {
            root = leaf
            return
        }
        let name = topics[topic].name.unsafeBytes
        guard let bit = Self.difference(topics[nearest(name)].name.unsafeBytes, name) else {
            preconditionFailure("the tree holds a topic of that name")
        }
        var parent: Link?
        var link = root
        while link & Self.leafBit == 0, Int(branches[link].bit) < bit {
            branches[link].count += 1
            parent = link
            link = Self.bit(Int(branches[link].bit), of: name) ? branches[link].one : branches[link].zero
        }
        let isOne = Self.bit(bit, of: name)
        let branch = branches.insert(
            Branch(
                zero: isOne ? link : leaf, one: isOne ? leaf : link, count: UInt32(count(of: link) + 1),
                bit: UInt16(bit)))
        replace(link, below: parent, with: branch)
    }

    /// Takes out a topic, which must be in the tree.
    mutating func remove(_ topic: UInt32, _ topics: borrowing Slab<Topic>) {
        edition += 1
        let name = topics[topic].name.unsafeBytes
        var grandparent: Link?
        var parent: Link?
        var link = root
        while link & Self.leafBit == 0 {
            branches[link].count -= 1
            grandparent = parent
            parent = link
            link = Self.bit(Int(branches[link].bit), of: name) ? branches[link].one : branches[link].zero
        }
        precondition(link == topic | Self.leafBit, "the topic is not in the tree")
        guard let parent else {
            root = Self.none
            return
        }
        let sibling = branches[parent].one == link ? branches[parent].zero : branches[parent].one
        replace(parent, below: grandparent, with: sibling)
        branches.remove(parent)
    }

    private mutating func replace(_ old: Link, below parent: Link?, with new: Link) {
        guard let parent else {
            root = new
            return
        }
        if branches[parent].one == old { branches[parent].one = new } else { branches[parent].zero = new }
    }

    // MARK: In order

    /// A place between two names, good until a topic comes or goes.
    struct Place {
        /// What follows: below the last one first.
        fileprivate var rest: [UInt32] = []
    }

    /// The place before the first name that is not before `key`; with `after` behind `key` itself.
    func place(
        _ key: UnsafeBufferPointer<UInt8>, after: Bool = false, _ topics: borrowing Slab<Topic>
    ) -> Place {
        var place = Place()
        guard root != Self.none else { return place }
        let bit = Self.difference(topics[nearest(key)].name.unsafeBytes, key)
        var link = root
        while link & Self.leafBit == 0, bit.map({ Int(branches[link].bit) < $0 }) ?? true {
            if Self.bit(Int(branches[link].bit), of: key) {
                link = branches[link].one
            } else {
                place.rest.append(branches[link].one)
                link = branches[link].zero
            }
        }
        // All below differ from the key in that bit first, or there is one topic and its name is the key.
        let follows = bit.map { !Self.bit($0, of: key) } ?? !after
        if follows { place.rest.append(link) }
        return place
    }

    /// Steps over the next topic and returns it; nil at the end.
    func next(_ place: inout Place) -> UInt32? {
        guard var link = place.rest.popLast() else { return nil }
        while link & Self.leafBit == 0 {
            place.rest.append(branches[link].one)
            link = branches[link].zero
        }
        return link & ~Self.leafBit
    }

    // MARK: Bits

    private static func bit(_ bit: Int, of key: UnsafeBufferPointer<UInt8>) -> Bool {
        bit >> 3 < key.count && key[bit >> 3] & (0x80 >> UInt8(bit & 7)) != 0
    }

    /// The first bit in which the two differ.
    private static func difference(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Int? {
        for at in 0..<max(left.count, right.count) {
            let byte = (at < left.count ? left[at] : 0) ^ (at < right.count ? right[at] : 0)
            if byte != 0 { return at * 8 + byte.leadingZeroBitCount }
        }
        return nil
    }
}
