/// Questions that are answered from the topics as they are: one topic's latest update, and listings.
package import Primitives

extension BrokerReplica {
    /// The latest update of a topic that holds a value. Valid until the replica next changes.
    package func latest(_ name: Span<UInt8>) -> (line: UnsafeBufferPointer<UInt8>, version: UInt64)? {
        guard let topic = name.withUnsafeBufferPointer({ tree.find($0, topics) }), topics[topic].hasValue,
            let line = topics[topic].latestBytes
        else { return nil }
        return (line, topics[topic].version)
    }

    /// Goes on with a listing; returns whether it has found all that it may hold.
    package func advance(_ listing: inout Listing, _ ration: inout Ration) -> Bool {
        while !listing.isCut, let topic = listing.scan.next(in: tree, topics, &ration) {
            guard topics[topic].hasValue, let latest = topics[topic].latestBytes else { continue }
            // What was found in earlier steps and has gone since must not keep the rest out, nor hide its name.
            if listing.isFull(for: latest.count) { forgetGone(&listing) }
            if listing.isFull(for: latest.count) {
                listing.isCut = true
            } else {
                listing.found.append(topicID(topic))
                listing.byteCount += latest.count
            }
        }
        return listing.isCut || listing.scan.isOver
    }

    private func forgetGone(_ listing: inout Listing) {
        listing.byteCount = 0
        listing.found.removeAll { topic in
            guard let latest = found(topic) else { return true }
            listing.byteCount += latest.count
            return false
        }
    }

    private func found(_ topic: TopicID) -> UnsafeBufferPointer<UInt8>? {
        guard name(of: topic) != nil, topics[topic.index].hasValue else { return nil }
        return topics[topic.index].latestBytes
    }

    /// Fills `batch` with the latest updates of what a listing has found, without a change of the replica since; returns the last
    /// name if more follow.
    package func finish(_ listing: Listing, into batch: inout Batch) -> Payload? {
        var last: Payload?
        for topic in listing.found {
            guard let latest = found(topic) else { continue }
            // It may have grown since it was found.
            guard batch.isEmpty || batch.byteCount + latest.count <= listing.byteBudget else { return last }
            batch.append(
                Batch.Entry(topic: topic, version: topics[topic.index].version, bytes: latest))
            last = topics[topic.index].name
        }
        return listing.isCut ? last : nil
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

    fileprivate func isFull(for more: Int) -> Bool {
        found.count == limit || !found.isEmpty && byteCount + more > byteBudget
    }
}
