/// The end of a replica whose state was replaced.

extension BrokerReplica {
    /// Takes what is left of it apart, as far as the ration goes; returns whether nothing is left. Requires that nobody reads it any
    /// more, and that nobody asks it anything from here on.
    package func takeApart(_ ration: inout Ration) -> Bool {
        precondition(isReplaced, "a replica is in use as long as its state is")
        var advanced: [SubscriberID] = []
        while hasWalks {
            guard !ration.isSpent else { return false }
            walk(&ration, into: &advanced)
        }
        while takenApartCount < topics.limit {
            guard !ration.isSpent else { return false }
            ration.take()
            if topics.contains(UInt32(takenApartCount)) { topics.remove(UInt32(takenApartCount)) }
            takenApartCount += 1
        }
        return true
    }
}
