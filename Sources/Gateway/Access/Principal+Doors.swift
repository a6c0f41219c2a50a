/// The doors at which a principal's rights are asked for: subscribing, publishing, listings and values, operations.
internal import Access
internal import Broker
internal import Primitives

extension Principal {
    /// The door of subscribing, listings and values: refuses the whole request and names what is not allowed.
    func demandReading(_ patterns: [TopicPattern]) throws(Problem) {
        guard case .within = rights.subscribe else { return }
        let refused = patterns.filter { !rights.subscribe.allows($0) }
        if !refused.isEmpty { throw .forbidden("read", refused.map(\.text)) }
    }

    func demandReading(topic name: [UInt8]) throws(Problem) {
        if !rights.subscribe.allows(topic: name.span) { throw .forbidden("read", [name]) }
    }

    /// The door of publishing: refuses the whole batch, for what stands in it from update `first` on.
    func demandPublishing(_ batch: borrowing UpdateBatch, from first: Int = 0) throws(Problem) {
        guard case .within = rights.publish else { return }
        var refused: [[UInt8]] = []
        batch.forEachTopic(from: first) { name in
            if !rights.publish.allows(topic: name), refused.count < Problem.refusedTopicLimit {
                refused.append(name.array)
            }
        }
        if !refused.isEmpty { throw .forbidden("publish", refused) }
    }

    /// The door of operations.
    func demandOperating() throws(Problem) {
        guard rights.operate else {
            throw Problem(403, "forbidden", "This needs the right to operate the gateway.")
        }
    }
}
