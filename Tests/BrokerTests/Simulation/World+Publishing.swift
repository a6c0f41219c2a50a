import Primitives

/// What publishers do: batches, some under keys and some that count only while nobody else has published.
@testable import Broker

/// A batch before it is one.
struct Draft: Equatable {
    struct Update: Equatable {
        let name: String
        /// Nil: the topic ends.
        var data: String?
        var given: UInt64?
        var condition: VersionCondition?
    }

    var updates: [Update] = []
    var key: UInt64?

    func batch() throws -> UpdateBatch {
        var batch = UpdateBatch()
        for update in updates {
            if let data = update.data {
                var options = UpdateOptions()
                if let given = update.given { options.timeToLive = TimeToLive(Interval(milliseconds: given)) }
                try batch.append(
                    topic: Array(update.name.utf8).span, data: Array(data.utf8).span, options: options)
            } else {
                try batch.append(tombstoneOf: Array(update.name.utf8).span)
            }
            if let condition = update.condition { batch.demand(condition) }
        }
        if let key { batch.key = PublishKey(PublishKey.ID(high: 0, low: key)) }
        return batch
    }
}

extension World {
    func publish() throws {
        time += UInt64.random(in: 0...3, using: &random)
        let draft = chance(10) ? sentBefore() ?? newDraft() : newDraft()
        let batch = try draft.batch()
        keep(batch.entry(at: moment))
        let before = truth.sequence
        let expected = truth.publish(draft, at: time)
        note(
            "publish \(draft.updates.map { "\($0.name)\($0.data == nil ? " (end)" : "")" }) under \(draft.key ?? 0): "
                + "\(expected), \(truth.sequence - before) new")
        let result = Result { () throws(PublishFailure) in
            try sequencer.publish(batch, time: UnixTime(milliseconds: time), at: now).lastVersion
        }
        guard result == expected, sequencer.sequence == truth.sequence else {
            throw SimulationFailure("publishing came to \(result) instead of \(expected)")
        }
    }

    private func newDraft() -> Draft {
        var draft = Draft()
        for place in 0..<(chance(80) ? 1 : Int.random(in: 2...12, using: &random)) {
            var update = Draft.Update(name: pickTopic())
            if !chance(12) {
                let padding = String(repeating: "x", count: Int.random(in: 0...40, using: &random))
                update.data = "[\(truth.sequence + UInt64(place)),\"\(padding)\"]"
                update.given = chance(10) ? UInt64.random(in: 1...150, using: &random) : nil
            }
            if chance(8) { update.condition = condition(of: update.name) }
            draft.updates.append(update)
        }
        if chance(15) { draft.key = UInt64.random(in: 0...9999, using: &random) }
        return draft
    }

    /// Most of them are met.
    private func condition(of name: String) -> VersionCondition {
        if chance(15) { return .exists }
        return .version(
            chance(70) ? truth.presentVersion(of: name) : UInt64.random(in: 0...9, using: &random))
    }

    /// A batch that came before under its key, perhaps as another one.
    private func sentBefore() -> Draft? {
        guard
            var draft = truth.keyed.values.map(\.draft).sorted(by: { $0.key ?? 0 < $1.key ?? 0 })
                .randomElement(using: &random)
        else { return nil }
        guard chance(20) else { return draft }
        if chance(50) {
            draft.updates.append(Draft.Update(name: pickTopic(), data: "\"more\""))
        } else {
            draft.updates[0].data = draft.updates[0].data == nil ? "1" : nil
        }
        return draft
    }
}
