/// Topics in the order of their last change, with a way into the middle: who asks what changed after a moment need not
/// begin at either end.
internal import Primitives

/// What stands in the list carries its neighbours' numbers itself.
protocol Changing: ~Copyable {
    /// The number of its last change.
    var sequence: UInt64 { get }
    var older: UInt32 { get set }
    var newer: UInt32 { get set }
    var isLandmark: Bool { get set }
}

/// A list through the topics themselves. Every so many changes it sets a landmark; a landmark whose topic changes anew moves on
/// to the next newer one. Between two landmarks there are never more topics than that.
struct ChangeList {
    /// Changes from one landmark to the next.
    private static let landmarkDistance = 256

    private var oldest = Topic.none
    private var newest = Topic.none
    /// Topics that are landmarks, oldest change first.
    private var landmarks: [UInt32] = []
    private var sinceLandmark = 0

    /// Takes note that the topic has just changed, more lately than all others.
    mutating func changed(_ topic: UInt32, _ topics: inout Slab<some Changing & ~Copyable>) {
        if newest != topic {
            remove(topic, &topics)
            topics[topic].older = newest
            if newest != Topic.none { topics[newest].newer = topic } else { oldest = topic }
            newest = topic
        }
        sinceLandmark += 1
        if sinceLandmark >= Self.landmarkDistance, !topics[topic].isLandmark {
            sinceLandmark = 0
            topics[topic].isLandmark = true
            landmarks.append(topic)
        }
    }

    /// Takes the topic out, if it is in. Its sequence number must not have been changed yet.
    mutating func remove(_ topic: UInt32, _ topics: inout Slab<some Changing & ~Copyable>) {
        let (older, newer) = (topics[topic].older, topics[topic].newer)
        if topics[topic].isLandmark { moveLandmark(from: topic, to: newer, &topics) }
        if older != Topic.none {
            topics[older].newer = newer
        } else if oldest == topic {
            oldest = newer
        }
        if newer != Topic.none {
            topics[newer].older = older
        } else if newest == topic {
            newest = older
        }
        topics[topic].older = Topic.none
        topics[topic].newer = Topic.none
    }

    private mutating func moveLandmark(
        from topic: UInt32, to newer: UInt32, _ topics: inout Slab<some Changing & ~Copyable>
    ) {
        topics[topic].isLandmark = false
        let place = firstLandmark(after: topics[topic].sequence - 1, topics)
        if newer == Topic.none || topics[newer].isLandmark {
            landmarks.remove(at: place)
        } else {
            topics[newer].isLandmark = true
            landmarks[place] = newer
        }
    }

    /// The place of the first landmark whose topic changed after `sequence`.
    private func firstLandmark(after sequence: UInt64, _ topics: borrowing Slab<some Changing & ~Copyable>)
        -> Int
    {
        var low = 0
        var high = landmarks.count
        while low < high {
            let middle = (low + high) / 2
            if topics[landmarks[middle]].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The topic with the oldest change after `sequence`; nil where none changed since.
    func first(after sequence: UInt64, _ topics: borrowing Slab<some Changing & ~Copyable>) -> UInt32? {
        guard newest != Topic.none, topics[newest].sequence > sequence else { return nil }
        // Nearly always little has changed since, and the end is near.
        var topic = newest
        for _ in 0..<8 {
            let older = topics[topic].older
            guard older != Topic.none, topics[older].sequence > sequence else { return topic }
            topic = older
        }
        let place = firstLandmark(after: sequence, topics)
        topic = place == 0 ? oldest : landmarks[place - 1]
        while topics[topic].sequence <= sequence { topic = topics[topic].newer }
        return topic
    }

    /// The topic that changed next after `topic` did.
    func next(after topic: UInt32, _ topics: borrowing Slab<some Changing & ~Copyable>) -> UInt32? {
        let newer = topics[topic].newer
        return newer == Topic.none ? nil : newer
    }
}
