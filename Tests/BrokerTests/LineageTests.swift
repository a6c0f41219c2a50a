import Primitives
import Synchronization
import Testing

/// Epochs that follow each other, and what becomes of their cursors.
@testable import Broker

@Suite struct LineageTests {
    private func cursor(_ epoch: String, _ sequence: UInt64) -> Cursor {
        Cursor(epoch: Epoch(epoch), sequence: sequence)
    }

    private func written(_ sequence: UInt64, by replica: BrokerReplica) -> String {
        var output = ByteBuffer()
        replica.append(cursor: sequence, to: &output)
        return output.bytes.text
    }

    @Test func honoursWhatSurvivedAndNothingBeyond() {
        let lineage = Lineage(Epoch("a")).continued(by: Epoch("b"), after: 100)
            .continued(by: Epoch("c"), after: 120)
        let honoured: [(String, UInt64, Bool)] = [
            ("a", 0, true), ("a", 100, true), ("a", 101, false), ("b", 120, true), ("b", 121, false),
            ("c", 121, true), ("c", 200, true), ("c", 201, false), ("d", 1, false), ("", 1, false),
        ]
        for (epoch, sequence, isGood) in honoured {
            #expect(
                lineage.contains(cursor(epoch, sequence), endingAt: 200) == isGood, "\(epoch)-\(sequence)")
        }
        #expect(lineage.contains(cursor("a", 90), endingAt: 80) == false)
    }

    /// Its holder may hold what is lost, though the cursor does not cover it.
    @Test func aCursorOfSomebodyBehindCountsOnHowFarTheGatewayWas() throws {
        let bench = Bench()
        for _ in 0..<10 { try bench.publish("a", "1") }
        bench.replica.follow()
        #expect(written(10, by: bench.replica) == "bench-10" && written(7, by: bench.replica) == "bench-7~10")
        let lineage = Lineage(Epoch("bench")).continued(by: Epoch("next"), after: 9)
        for (text, isGood) in [
            ("bench-7", true), ("bench-7~9", true), ("bench-7~10", false), ("bench-5.8~10", false),
        ] {
            let cursor = Cursor(Array(text.utf8).span)
            #expect(cursor.map { lineage.contains($0, endingAt: 20) } == isGood, "\(text)")
        }
        // Where that is still to come versions would fall: a node that lags waits for it.
        let read = Cursor(Array("next-7~20".utf8).span)
        let present = try #require(read)
        #expect(lineage.contains(present, endingAt: 20) && !lineage.mayReach(present, from: 20))
        #expect(!lineage.contains(present, endingAt: 19) && lineage.mayReach(present, from: 19))
    }

    @Test(arguments: ["e-1~", "e-1.~2", "e-~2", "e-1~2~3", "e-1~2.3", "e-1~x", "e~1"])
    func refusesWhatIsNoCursor(text: String) {
        let cursor = Cursor(Array(text.utf8).span)
        #expect(cursor == nil)
    }

    /// What a later loss took is lost to the epochs before it too.
    @Test func aLostEndShortensAllFormerEpochs() {
        let lineage = Lineage(Epoch("a")).continued(by: Epoch("b"), after: 100)
            .continued(by: Epoch("c"), after: 90)
        #expect(lineage.former.map(\.survived) == [90, 90])
        #expect(lineage.former.map(\.epoch.text) == ["b", "a"])
    }

    @Test func forgetsEpochsBeyondItsLimit() {
        var lineage = Lineage(Epoch("e0"))
        for number in 1...40 { lineage = lineage.continued(by: Epoch("e\(number)"), after: UInt64(number)) }
        #expect(lineage.former.count == Lineage.formerLimit)
        #expect(lineage.contains(cursor("e24", 25), endingAt: 50))
        #expect(!lineage.contains(cursor("e23", 24), endingAt: 50))
    }

    @Test func readsTheTextThatItWrote() {
        for count in 0...20 {
            var lineage = Lineage(Epoch("e0"))
            for number in 0..<count {
                lineage = lineage.continued(by: Epoch("f\(number)"), after: UInt64(number * number))
            }
            #expect(Lineage(lineage.text) == lineage)
        }
        for text in ["", " ", " a-1", "e ", "e x", "e a-1  b-1", "e a-b"] {
            #expect(Lineage(payload(text)) == nil, "\(text)")
        }
    }

    @Test func changesWhileRunningAtOnePlaceForAll() throws {
        let bench = Bench()
        let lagging = BrokerReplica(inbox: bench.sequencer.addInbox(wake: {}))
        for _ in 0..<10 { try bench.publish("a", "1") }
        bench.replica.follow()
        #expect(written(10, by: bench.replica) == "bench-10")
        bench.sequencer.begin(Epoch("next"), after: 8)
        try bench.publish("a", "2")
        #expect(bench.replica.epoch == Epoch("bench") && bench.sequencer.epoch == Epoch("next"))
        bench.replica.follow()
        #expect(written(11, by: bench.replica) == "next-11")
        for (epoch, sequence, isGood) in [
            ("bench", 8, true), ("bench", 9, false), ("next", 11, true), ("next", 12, false),
        ] as [(String, UInt64, Bool)] {
            #expect(bench.replica.honours(cursor(epoch, sequence)) == isGood, "\(epoch)-\(sequence)")
        }
        // A loop that lags knows neither the epoch nor the update, and may not refuse the one that does.
        #expect(lagging.epoch == Epoch("bench"))
        let id = lagging.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        let isResumed = lagging.subscribe(id, to: [try TopicPattern("a")], after: cursor("next", 11))
        #expect(isResumed && !lagging.hasMarks(id) && lagging.epoch == Epoch("next"))
    }

    @Test func aChangeWakesWhoSleeps() {
        let wakes = WakeCounter()
        let bench = Bench(wake: { wakes.count.add(1, ordering: .relaxed) })
        #expect(bench.inbox.sleep())
        bench.sequencer.begin(Epoch("next"))
        #expect(wakes.count.load(ordering: .relaxed) == 1 && !bench.inbox.sleep())
    }

    /// Restarts one after the other: a cursor of any epoch that is remembered resumes with what changed after it.
    @Test func aCursorOutlivesRestarts() throws {
        var sequencer = Sequencer(epoch: Epoch("e0"))
        for number in 1...5 as ClosedRange<UInt64> {
            sequencer = try sequencer.copy()
            sequencer.begin(Epoch("e\(number)"))
            var batch = UpdateBatch()
            try batch.append(topic: Array("t/\(number)".utf8).span, data: Array("1".utf8).span)
            try sequencer.publish(batch, time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
            let replica = BrokerReplica(inbox: sequencer.addInbox(wake: {}))
            for former in 0..<number {
                var answer = Batch()
                #expect(
                    replica.poll(
                        [try TopicPattern("**")], after: cursor("e\(former)", former), byteBudget: 1000,
                        into: &answer))
                #expect(answer.entries.count == Int(number - former))
                #expect(!replica.honours(cursor("e\(former)", former + 1)))
            }
        }
    }
}
