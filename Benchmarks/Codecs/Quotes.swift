/// WebSocket messages of `updateCount` updates, as the gateway sends them, from its market feed.
import Broker
import Feeds
import Primitives

/// `messageCount` messages of `updateCount` updates each, of 50 symbols.
func quoteMessages(updateCount: Int, messageCount: Int) throws -> [[UInt8]] {
    // In steps of a millisecond.
    let feed = MarketFeed(prefix: "sim", symbolCount: 50, rate: updateCount * 1000, seed: 1)
    var random = SeededGenerator(seed: 1)
    let sequencer = Sequencer(epoch: Epoch(random: &random))
    let replica = BrokerReplica(inbox: sequencer.addInbox {})
    let reader = replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
    _ = replica.subscribe(reader, to: [try TopicPattern("sim/*")], after: nil)
    var published = UpdateBatch()
    var batch = Batch()
    var messages: [[UInt8]] = []
    var now = Instant(nanoseconds: 0)
    while messages.count < messageCount {
        published.removeAll()
        batch.removeAll()
        guard let next = try feed.produce(at: now, time: .now(), into: &published) else { break }
        now = next
        try sequencer.publish(published, time: .now(), at: now)
        replica.catchUp()
        replica.drain(reader, byteBudget: 1 << 20, into: &batch)
        var text = ByteBuffer()
        text.append("{\"type\":\"updates\",\"cursor\":\"")
        replica.append(cursor: replica.sequence, to: &text)
        text.append("\",\"updates\":[")
        for (index, entry) in batch.entries.enumerated() {
            if index > 0 { text.append(ASCII.comma) }
            text.append(entry.bytes)
        }
        text.append("]}")
        messages.append(text.bytes.array)
    }
    return messages
}
