import Primitives
import Testing

/// The inboxes alone: who gets what, from where on, and what is left where nobody looks.
@testable import Broker

@Suite struct FanOutTests {
    private func entry(
        _ event: InboxEntry.Event, _ sequence: UInt64, topic: UInt32 = 0, _ text: String = "t"
    ) -> InboxEntry {
        InboxEntry(
            payload: payload(text), sequence: sequence, version: sequence, accepted: .never, topic: topic,
            event: event)
    }

    private func taken(_ number: Int, _ fanOut: inout FanOut) -> [UInt64] {
        var taken: [InboxEntry] = []
        fanOut.take(number, into: &taken)
        return taken.map(\.sequence)
    }

    /// Entries that come while a latecomer's beginning is put into order follow it.
    @Test func theBeginningComesFirstAndNothingAfterItIsLost() {
        var fanOut = FanOut()
        let first = fanOut.open(.begun, wake: {})
        fanOut.post(entry(.created, 1))
        fanOut.post(entry(.value, 2))
        let late = fanOut.open(wake: {})
        fanOut.post(entry(.value, 3))
        #expect(taken(late, &fanOut) == [])
        fanOut.begin(late, with: [entry(.created, 1), entry(.value, 2)])
        fanOut.post(entry(.value, 4))
        #expect(taken(late, &fanOut) == [1, 2, 3, 4] && taken(first, &fanOut) == [1, 2, 3, 4])
        #expect(taken(late, &fanOut) == [])
    }

    /// What is restored comes to nobody, and what follows to nobody before that.
    @Test func whoIsHeldBeginsWithAllThatThereIs() {
        var fanOut = FanOut()
        let held = fanOut.open(.held, wake: {})
        fanOut.post(entry(.created, 1))
        let released = [fanOut.releaseHeld(), fanOut.releaseHeld()]
        #expect(released == [[held], []])
        #expect(fanOut.sleep(held) && fanOut.takeWakes().isEmpty)
        fanOut.post(entry(.value, 2))
        #expect(fanOut.takeWakes().isEmpty && taken(held, &fanOut) == [] && fanOut.sleep(held))
        fanOut.begin(held, with: [entry(.created, 1)])
        #expect(fanOut.takeWakes().count == 1 && taken(held, &fanOut) == [1, 2])
    }

    @Test func wakesWhoSleepsAndNobodyTwice() {
        var fanOut = FanOut()
        let (asleep, _) = (fanOut.open(.begun, wake: {}), fanOut.open(.begun, wake: {}))
        #expect(fanOut.sleep(asleep) && fanOut.takeWakes().isEmpty)
        fanOut.post(entry(.created, 1))
        #expect(fanOut.takeWakes().count == 1 && fanOut.takeWakes().isEmpty && !fanOut.sleep(asleep))
    }

    /// A loop that a socket woke publishes while it is awake: it needs no wake of its own, and the kernel no call.
    @Test func whoTakesIsAwake() {
        var fanOut = FanOut()
        let loop = fanOut.open(.begun, wake: {})
        #expect(fanOut.sleep(loop) && fanOut.takeWakes().isEmpty)
        #expect(taken(loop, &fanOut) == [])
        fanOut.post(entry(.created, 1))
        #expect(fanOut.takeWakes().isEmpty && !fanOut.sleep(loop))
        #expect(taken(loop, &fanOut) == [1])
        #expect(fanOut.sleep(loop) && fanOut.takeWakes().isEmpty)
        fanOut.post(entry(.value, 2))
        #expect(fanOut.takeWakes().count == 1)
    }

    /// Of topics and lineages the newest is left, of purges whose topics nobody saw one number.
    @Test func aLaggingInboxKeepsWhatItsReplicaWouldKeep() {
        let entries = [
            entry(.forgotten, 0), entry(.lineage, 0, "a"), entry(.created, 1, topic: 0),
            entry(.value, 1, topic: 0),
            entry(.created, 2, topic: 1), entry(.tombstone, 2, topic: 1), entry(.purged, 2, topic: 1),
            entry(.value, 3, topic: 0), entry(.lineage, 3, "b"),
        ]
        let survivors = InboxCompaction.survivors(of: entries, rooms: [1, 1])
        #expect(
            survivors.map { "\($0.event) \($0.sequence)" } == [
                "created 1", "forgotten 2", "value 3", "lineage 3",
            ])
    }
}
