import Primitives
import Testing

/// A poll's snapshot in several answers, while topics that nobody holds end and are forgotten.
@testable import Broker

@Suite struct PagedSnapshotTests {
    private func bench() throws -> Bench {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        for number in 0..<20 { try bench.publish("ref/\(number)", "1") }
        try end("other", bench)
        return bench
    }

    private func end(_ topic: String, _ bench: Bench) throws {
        try bench.publish([(topic, "1"), (topic, nil)])
        bench.replica.follow()
    }

    /// One answer; returns its cursor as it is written and read again.
    private func ask(_ bench: Bench, after cursor: Cursor?) throws -> (isResumed: Bool, next: Cursor) {
        bench.batch.removeAll()
        let query = bench.replica.beginPoll(of: [try TopicPattern("ref/*")], after: cursor, byteBudget: 400)
        bench.replica.answer(query, into: &bench.batch)
        var text = ByteBuffer()
        let end = bench.batch.cursor ?? 0
        bench.replica.append(cursor: end, snapshotBegan: bench.batch.snapshotBegan, to: &text)
        let written = Cursor(text.bytes)
        return (query.isResumed, try #require(written))
    }

    @Test func comesToAnEndThoughOlderTopicsWereForgotten() throws {
        let bench = try bench()
        var (names, answers) = (Set<String>(), 1)
        var cursor = try ask(bench, after: nil).next
        names.formUnion(bench.batch.lines)
        #expect(cursor.snapshotBegan == bench.replica.sequence)
        while bench.batch.hasMore {
            let answer = try ask(bench, after: cursor)
            #expect(answer.isResumed && !bench.batch.isEmpty)
            names.formUnion(bench.batch.lines)
            cursor = answer.next
            answers += 1
        }
        #expect(names.count == 20 && answers > 2 && cursor.snapshotBegan == nil)
    }

    /// It may hold the topic that was forgotten meanwhile, and nobody can tell it any more.
    @Test func beginsAnewWhenSomethingIsForgottenThatWasThereAtItsBeginning() throws {
        let bench = try bench()
        let cursor = try ask(bench, after: nil).next
        try bench.publish("ref/0", nil)
        bench.replica.follow()
        #expect(!bench.replica.honours(cursor))
        let answer = try ask(bench, after: cursor)
        #expect(!answer.isResumed && answer.next.snapshotBegan == bench.replica.sequence)
    }

    /// Of a log that had ended nothing is told on a later page either: how it ended may be forgotten before the next one.
    @Test func aLogThatHadEndedIsNoPartOfIt() throws {
        var retention = Sequencer.Retention()
        retention.logs = [(try TopicPattern("ref/log"), 3)]
        let bench = Bench(retention)
        for number in 0..<15 { try bench.publish("ref/\(number)", "1") }
        try bench.publish([("ref/log", "1"), ("ref/log", "2"), ("ref/log", nil)])
        for number in 15..<20 { try bench.publish("ref/\(number)", "1") }
        bench.replica.follow()
        var (lines, cursor) = ([String](), try ask(bench, after: nil).next)
        lines += bench.batch.lines
        while bench.batch.hasMore {
            cursor = try ask(bench, after: cursor).next
            lines += bench.batch.lines
        }
        #expect(lines.count == 20 && !lines.contains { $0.contains("ref/log") })
        // One that ends after the beginning is told to the end.
        cursor = try ask(bench, after: nil).next
        try bench.publish("ref/log", "3")
        try bench.publish("ref/log", nil)
        bench.replica.follow()
        lines = []
        repeat {
            cursor = try ask(bench, after: cursor).next
            lines += bench.batch.lines
        } while bench.batch.hasMore
        #expect(lines.last?.contains(#""topic":"ref/log","version":5"#) == true)
    }

    /// A forgotten topic may still be there for somebody who has not heard of its end.
    @Test func whoHeardOfAnEndDoesNotHearOfItAgainByAResumeFromTheMiddle() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        try bench.publish([("ref/0", "1"), ("ref/1", "1")])
        bench.replica.follow()
        let (slow, quick) = (try bench.reader(of: ["**"]), try bench.reader(of: ["**"]))
        for id in [slow, quick] { _ = bench.drain(id) }
        try bench.publish("ref/0", nil)
        bench.replica.follow()
        #expect(bench.drain(quick).count == 1)
        bench.replica.follow()
        // Both forms find it: by a pattern, and by its name.
        let cursor = Cursor(Array("bench-1.\(bench.replica.sequence)".utf8).span)
        for pattern in ["*/*", "ref/0"] {
            #expect(bench.replica.subscribe(quick, to: [try TopicPattern(pattern)], after: cursor))
            bench.replica.finish()
            #expect(bench.drain(quick).isEmpty)
        }
        #expect(bench.drain(slow).count == 1)
    }

    @Test(arguments: [
        "e-5.", "e-5.x", "e-.5", "e.5-6x", "e-5.6.", "e-5..7", "e-5.6.x", "e-5.6.7.8",
        "e-5.6.18446744073709551615",
    ]) func readsNoCursorThatIsNone(
        text: String
    ) {
        #expect(Cursor(Array(text.utf8).span) == nil)
    }

    @Test func aSnapshotOfTheFutureIsNoSnapshot() throws {
        let bench = try bench()
        let cursor = Cursor(Array("bench-3.999999".utf8).span)
        #expect(cursor?.snapshotBegan == 999_999 && !bench.replica.honours(cursor))
    }
}
