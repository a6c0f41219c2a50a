/// What readers cost in memory, and how much of it each may.
internal import Primitives

extension BrokerReplica {
    /// A slot, its link, its marks and its place in the table, with the room that arrays keep for more.
    private static var slotByteCount: Int { 32 }
    /// A topic that has nothing but its name: its place among the others and in the tree, and the name's object.
    private static var nameByteCount: Int { 240 }

    /// Bytes held for readers: themselves, what they cover, their patterns, and names that nobody has published. It is counted,
    /// not measured (`Benchmarks/idle-memory` compares).
    package var readerByteCount: Int {
        subscribers.count * MemoryLayout<Subscriber>.stride + slotCount * Self.slotByteCount
            + patterns.byteCount + unpublishedByteCount
    }

    // MARK: Names that nobody has published

    /// The topic has no life, and only those that named it hold it.
    func becomeUnpublished(_ topic: UInt32) {
        guard topics[topic].isPublished else { return }
        topics[topic].isPublished = false
        countUnpublished(topic, 1)
    }

    func becomePublished(_ topic: UInt32) {
        guard !topics[topic].isPublished else { return }
        topics[topic].isPublished = true
        countUnpublished(topic, -1)
    }

    func countUnpublished(_ topic: UInt32, _ change: Int) {
        unpublishedCount += change
        unpublishedByteCount += change * (Self.nameByteCount + topics[topic].name.unsafeBytes.count)
    }

    // MARK: How much a reader may cover

    /// Whether the reader may come to cover one more topic. Where memory is the bound, what overfull readers cover counts no
    /// more, as their owners let go of them: no more readers are ended than have to be.
    func mayCoverMore(_ id: SubscriberID) -> Bool {
        !subscribers[id].isOverfull && subscribers[id].coveredCount < coveredLimit
            && readerByteCount - overfullSlotCount * Self.slotByteCount < readerByteLimit
    }

    /// The reader was to cover more than it may. Up to `sequence` it has missed nothing.
    func overfill(_ id: SubscriberID, after sequence: UInt64) {
        guard !subscribers[id].isOverfull else { return }
        if !subscribers[id].isPinned { pin(id, at: subscribers[id].cursor(at: sequence)) }
        subscribers[id].isOverfull = true
        overfullSlotCount += subscribers[id].coveredCount
        overfull.append(id)
    }

    /// Whether `takeOverfull` may have one.
    package var hasOverfull: Bool { !overfull.isEmpty }

    /// Takes the next reader that was to cover more topics than it may. It can't be served any more: its owner tells it so and
    /// lets go of it.
    package func takeOverfull() -> SubscriberID? {
        while let id = overfull.popFirst() {
            if contains(id), subscribers[id].isOverfull { return id }
        }
        return nil
    }
}
