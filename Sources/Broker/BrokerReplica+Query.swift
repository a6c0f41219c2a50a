/// Questions that are answered from the topics as they are: one topic's latest update, and listings.
package import Primitives

extension BrokerReplica {
    /// The latest update of a topic that holds a value. Valid until the replica next changes.
    package func latest(_ name: Span<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        guard let topic = name.withUnsafeBufferPointer({ tree.find($0, topics) }), topics[topic].hasValue
        else { return nil }
        return topics[topic].latestBytes
    }

    /// Goes on with a listing; returns whether it has found all that it may hold.
    package func advance(_ listing: inout Listing, _ ration: inout Ration) -> Bool {
        while !listing.isCut, let topic = listing.scan.next(in: tree, topics, &ration) {
            guard topics[topic].hasValue, let latest = topics[topic].latestBytes else { continue }
            if listing.found.count == listing.limit || listing.overflows(latest.count) {
                listing.isCut = true
            } else {
                listing.found.append(topicID(topic))
                listing.byteCount += latest.count
            }
        }
        return listing.isCut || listing.scan.isOver
    }

    /// Fills `batch` with the latest updates of what a listing has found; returns the last name if more follow.
    package func finish(_ listing: Listing, into batch: inout Batch) -> Payload? {
        var last: Payload?
        for topic in listing.found where name(of: topic) != nil && topics[topic.index].hasValue {
            guard let latest = topics[topic.index].latestBytes else { continue }
            // It may have grown since it was found.
            guard batch.isEmpty || batch.byteCount + latest.count <= listing.byteBudget else { return last }
            batch.append(
                Batch.Entry(topic: topic, version: topics[topic.index].version, bytes: latest))
            last = topics[topic.index].name
        }
        return listing.isCut ? last ?? listing.found.last.flatMap { name(of: $0) } : nil
    }
}

/// The latest updates of what a pattern covers, in byte order of the names: what has been found so far.
package struct Listing {
    fileprivate var scan: PatternScan
    fileprivate let limit: Int
    fileprivate let byteBudget: Int
    fileprivate var found: [TopicID] = []
    fileprivate var byteCount = 0
    /// Whether more follow than it may hold.
    fileprivate var isCut = false

    /// Begins behind the name `after`, where one is given; up to `limit` updates and about `byteBudget` bytes.
    package init(of pattern: TopicPattern, after: [UInt8]?, limit: Int, byteBudget: Int) {
        scan = PatternScan(pattern, after: after)
        self.limit = limit
        self.byteBudget = byteBudget
    }

    /// What has been found takes so many bytes.
    package var heldByteCount: Int { found.capacity * MemoryLayout<TopicID>.stride }

    fileprivate func overflows(_ more: Int) -> Bool {
        !found.isEmpty && byteCount + more > byteBudget
    }
}
