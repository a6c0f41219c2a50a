/// What commands and batches say, as short text for tables.
import Broker
import Primitives
import Testing

@testable import Gateway

/// What a batch publishes to a gateway that holds nothing: `a=1`, or `-a` for a tombstone of what was there.
func told(_ batch: borrowing UpdateBatch) throws -> [String] {
    var random = SeededGenerator(seed: 1)
    let sequencer = Sequencer(epoch: Epoch(random: &random))
    let replica = BrokerReplica(inbox: sequencer.addInbox {})
    try sequencer.publish(batch, time: UnixTime(milliseconds: 0), at: Instant(nanoseconds: 0))
    replica.catchUp()
    var values = Batch()
    var listing = Listing(of: .everything, after: nil, limit: 100, byteBudget: 1 << 20)
    var ration = Ration(steps: 1000)
    #expect(replica.advance(&listing, &ration))
    _ = replica.finish(listing, into: &values)
    return values.entries.map { entry in
        let text = entry.bytes.span.text
        return String(text.dropFirst("{\"topic\":\"".count).dropLast())
            .replacing("\",\"version\":", with: "#").replacing(",\"time\":0,\"data\":", with: "=")
    }
}

func told(_ problem: Problem) -> String { "\(problem.status) \(problem.code)" }

extension TopicPattern {
    var told: String { String(decoding: text, as: UTF8.self) }
}
