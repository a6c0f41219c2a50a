import Primitives
import Settings
import Testing

@testable import Broker
@testable import Feeds

/// One update of a batch, as text.
struct ReadUpdate: Equatable {
    let topic: String
    /// Nil for a tombstone.
    let data: String?

    /// A member of the data object, as it is written.
    func member(_ name: String) throws -> String? {
        let bytes = Array((data ?? "null").utf8)
        var scanner = JSONScanner(bytes.span)
        try scanner.enterObject()
        while let member = try scanner.nextMember() {
            let isWanted = String(decoding: bytes[member.range], as: UTF8.self) == name
            let range = try scanner.value()
            if isWanted { return String(decoding: bytes[range], as: UTF8.self) }
        }
        return nil
    }

    func number(_ name: String) throws -> Double {
        let text = try #require(try member(name))
        return try #require(Double(text))
    }
}

/// The updates of a batch; checks that every value is one JSON value.
func read(_ batch: borrowing UpdateBatch) throws -> [ReadUpdate] {
    var updates: [ReadUpdate] = []
    for entry in batch.entries {
        let topic = batch.name(of: entry).span.text
        guard let data = batch.data(of: entry) else {
            updates.append(ReadUpdate(topic: topic, data: nil))
            continue
        }
        var scanner = JSONScanner(data.span)
        _ = try scanner.value()
        try scanner.end()
        updates.append(ReadUpdate(topic: topic, data: data.span.text))
    }
    return updates
}

extension Feed {
    /// The updates due at `now`, and when more will be.
    func produced(
        at now: Instant, time: UnixTime = UnixTime(milliseconds: 0)
    ) throws -> (updates: [ReadUpdate], next: Instant?) {
        var batch = UpdateBatch()
        let next = try produce(at: now, time: time, into: &batch)
        return (try read(batch), next)
    }
}

/// Settings from their text.
func settings(_ text: String) throws -> SettingsSection {
    try SettingsSection(parsing: Array(text.utf8), file: "config.json", overrides: [:])
}

/// The message of `attempt`'s failure.
func failure(of attempt: () throws -> Void) -> String {
    do {
        try attempt()
        return "nothing failed"
    } catch {
        return "\(error)"
    }
}

let zero = Instant(nanoseconds: 1_000_000_000)

func seconds(_ count: Double) -> Duration { .nanoseconds(Int64(count * 1e9)) }
