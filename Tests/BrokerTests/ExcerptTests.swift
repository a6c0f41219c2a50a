import Primitives
import Testing

/// `last`: of logs a snapshot shows the last updates, then everything comes.
@testable import Broker

@Suite struct ExcerptTests {
    /// A log that keeps eight and was published `count` times, among other topics.
    private func bench(_ count: Int = 6) throws -> Bench {
        let bench = try Bench(logging: 8)
        try bench.publish("plain", "0")
        for number in 0..<count { try bench.publish("log/a", "\(number)") }
        bench.replica.follow()
        return bench
    }

    private func reader(
        _ bench: Bench, _ patterns: [String], last: Int?, after sequence: UInt64? = nil
    ) throws -> SubscriberID {
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        try subscribe(id, bench, patterns, last: last, after: sequence)
        return id
    }

    private func subscribe(
        _ id: SubscriberID, _ bench: Bench, _ patterns: [String], last: Int?, after sequence: UInt64? = nil
    ) throws {
        _ = bench.replica.subscribe(
            id, to: try patterns.map { try TopicPattern($0) },
            after: sequence.map { bench.replica.cursor($0) },
            last: last)
        bench.replica.finish()
    }

    /// What the updates at hand hold: their data, by topic.
    private func data(_ lines: [String]) -> [String] {
        lines.map { line in
            let parts = line.split(separator: "\"")
            return "\(parts[3])=\(line.split(separator: ":").last?.dropLast() ?? "")"
        }
    }

    @Test(arguments: [
        (0, [String]()), (1, ["log/a=5"]), (2, ["log/a=4", "log/a=5"]),
        (6, (0..<6).map { "log/a=\($0)" }), (1000, (0..<6).map { "log/a=\($0)" }),
    ]) func aSnapshotShowsTheLastOfALog(last: Int, shown: [String]) throws {
        for patterns in [["log/a"], ["log/*"], ["**", "log/a"]] {
            let bench = try bench()
            let id = try reader(bench, patterns, last: last)
            let lines = data(bench.drain(id))
            #expect(lines.filter { $0.hasPrefix("log") } == shown && bench.batch.gaps.isEmpty)
            // A value that has no past is there as ever.
            #expect(lines.contains("plain=0") == patterns.contains("**"))
            #expect(bench.batch.cursor == bench.replica.sequence)
            try bench.publish("log/a", "6")
            bench.replica.follow()
            #expect(data(bench.drain(id)) == ["log/a=6"])
            #expect(bench.batch.gaps.isEmpty)
        }
    }

    /// What was kept no more is not missed, and neither is what was left out.
    @Test func aLogThatHasForgottenIsNoGap() throws {
        let bench = try bench(20)
        for (last, first) in [(3, 17), (8, 12), (9, 12)] {
            let id = try reader(bench, ["log/a"], last: last)
            #expect(data(bench.drain(id)).first == "log/a=\(first)")
            #expect(bench.batch.gaps.isEmpty)
        }
    }

    /// It had nothing that could be left out.
    @Test func ofATopicThatComesLaterEverythingIsSent() throws {
        let bench = try bench()
        let id = try reader(bench, ["log/*", "log/named"], last: 0)
        #expect(bench.drain(id).isEmpty)
        try bench.publish([("log/b", "1"), ("log/named", "1"), ("log/b", "2"), ("log/named", "2")])
        bench.replica.follow()
        #expect(data(bench.drain(id)).sorted() == ["log/b=1", "log/b=2", "log/named=1", "log/named=2"])
        #expect(bench.batch.gaps.isEmpty)
    }

    @Test func aReaderThatFallsBehindIsToldOfThatAlone() throws {
        let bench = try bench(8)
        let id = try reader(bench, ["log/a"], last: 2)
        for number in 8..<16 { try bench.publish("log/a", "\(number)") }
        bench.replica.follow()
        #expect(data(bench.drain(id)).first == "log/a=8")
        #expect(bench.batch.gaps.map(\.missed) == [2] && bench.batch.gaps.map(\.next) == [9])
    }

    @Test func aLifeThatIsOverIsNotShown() throws {
        let bench = try bench(3)
        try bench.publish([("log/a", nil), ("log/a", "new")])
        bench.replica.follow()
        #expect(data(bench.drain(try reader(bench, ["log/a"], last: 4))) == ["log/a=new"])
        try bench.publish("log/a", nil)
        bench.replica.follow()
        #expect(bench.drain(try reader(bench, ["log/a"], last: 4)).isEmpty)
    }

    // MARK: Cursors

    @Test func withACursorItSaysNothing() throws {
        let bench = try bench()
        let id = try reader(bench, ["log/a"], last: 1, after: 3)
        #expect(data(bench.drain(id)) == ["log/a=2", "log/a=3", "log/a=4", "log/a=5"])
        let lost = try reader(bench, ["log/a"], last: 1, after: 99)
        #expect(bench.drain(lost).count == 6)
    }

    /// In the middle of what it is sent no cursor stands before what was left out: who resumed from there would be sent that.
    @Test func aCursorIsFromBehindWhatWasLeftOut() throws {
        let bench = try Bench(logging: 200)
        for _ in 0..<150 { try bench.publish("log/long", "1") }
        for number in 0..<10 { try bench.publish("log/a", "\(number)") }
        for _ in 0..<100 { try bench.publish("log/late", "1") }
        bench.replica.follow()
        let began = bench.replica.sequence
        let id = try reader(bench, ["log/long", "log/a", "log/late"], last: 120)
        try subscribe(id, bench, ["log/**"], last: 2)
        var sent = 0
        while bench.replica.hasMarks(id) {
            sent += bench.drain(id, rounds: .one).count
            if let cursor = bench.batch.cursor { #expect(cursor >= began) }
            try bench.publish("log/a", "later")
            bench.replica.follow()
            if sent > 500 { break }
        }
        #expect(bench.replica.cursor(of: id).map { $0 >= began } == true)
    }

    /// A further subscribe keeps the cursor from going back to before it.
    @Test func aSecondSubscribeVouchesForNothingBeforeIt() throws {
        let bench = try bench()
        let id = try reader(bench, ["plain"], last: nil)
        _ = bench.drain(id)
        try bench.publish("plain", "1")
        bench.replica.follow()
        let began = bench.replica.sequence
        #expect(bench.replica.cursor(of: id) == began - 1)
        try subscribe(id, bench, ["log/a"], last: 0)
        #expect(bench.replica.cursor(of: id) == nil)
        #expect(data(bench.drain(id)) == ["plain=1"] && bench.batch.cursor == began)
        // An older one that comes for other topics is no way back either.
        try bench.publish("plain", "2")
        bench.replica.follow()
        try subscribe(id, bench, ["other"], last: nil, after: 2)
        #expect(bench.replica.cursor(of: id).map { $0 >= began } ?? true)
    }

    /// A walk of many turns leaves out what was there when it began, and nothing that came meanwhile.
    @Test func whatComesDuringTheWalkIsSent() throws {
        let bench = try Bench(logging: 50)
        for number in 0..<40 { try bench.publish([("log/\(number)", "0"), ("log/\(number)", "1")]) }
        bench.replica.follow()
        bench.replica.visitSteps = 1
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        _ = bench.replica.subscribe(id, to: [try TopicPattern("log/*")], after: nil, last: 1)
        #expect(bench.replica.isWalking(id))
        for number in 0..<40 {
            try bench.publish([("log/\(number)", "2"), ("log/\(number)", "3"), ("log/\(number)", "4")])
        }
        bench.replica.follow()
        var lines: [String] = []
        while bench.replica.hasMarks(id) { lines += data(bench.drain(id)) }
        #expect(lines.count == 160 && !lines.contains { $0.hasSuffix("=0") })
    }

    // MARK: Polls

    private func ask(
        _ bench: Bench, _ patterns: [String], last: Int?, after cursor: Cursor? = nil, budget: Int = 1 << 20
    ) throws -> Cursor {
        bench.batch.removeAll()
        let query = bench.replica.beginPoll(
            of: try patterns.map { try TopicPattern($0) }, after: cursor, last: last, byteBudget: budget)
        bench.replica.answer(query, into: &bench.batch)
        var text = ByteBuffer()
        bench.replica.append(
            cursor: bench.batch.cursor ?? 0, snapshotBegan: bench.batch.snapshotBegan,
            last: bench.batch.snapshotLast, to: &text)
        let written = Cursor(text.bytes)
        return try #require(written)
    }

    @Test(arguments: [0, 1, 3, 100]) func aPollShowsTheLastOfALog(last: Int) throws {
        let bench = try bench()
        let cursor = try ask(bench, ["**"], last: last)
        let shown = data(bench.batch.lines)
        #expect(shown == ["plain=0"] + (0..<6).suffix(last).map { "log/a=\($0)" })
        #expect(bench.batch.gaps.isEmpty)
        try bench.publish("log/a", "6")
        bench.replica.follow()
        _ = try ask(bench, ["**"], last: last, after: cursor)
        #expect(data(bench.batch.lines) == ["log/a=6"])
        // After a cursor that is good for nothing, everything.
        _ = try ask(bench, ["log/a"], last: last, after: bench.replica.cursor(1000))
        #expect(bench.batch.entries.count == 7)
    }

    /// Told in several answers, a snapshot shows the same; then what came meanwhile follows.
    @Test(arguments: [true, false]) func aSnapshotOfSeveralAnswersShowsNoMore(byPattern: Bool) throws {
        let bench = try Bench(logging: 8)
        for number in 0..<8 {
            try bench.publish([("log/a", "\(number)"), ("plain/\(number)", "1"), ("log/b", "\(number)")])
        }
        bench.replica.follow()
        let patterns = byPattern ? ["**"] : ["log/a", "log/b"] + (0..<8).map { "plain/\($0)" }
        var cursor = try ask(bench, patterns, last: 3, budget: 150)
        var shown = data(bench.batch.lines)
        #expect(cursor.snapshotBegan != nil)
        // A stream that goes on with such a cursor is sent the same rest.
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        _ = bench.replica.subscribe(id, to: try patterns.map { try TopicPattern($0) }, after: cursor)
        bench.replica.finish()
        let rest = Set(data(bench.drain(id)))
        #expect(bench.batch.cursor.map { $0 >= cursor.snapshotBegan ?? 0 } ?? true)
        var isFirst = true
        repeat {
            // Whatever is said beside the cursor, it says how much is shown.
            cursor = try ask(bench, patterns, last: isFirst ? 0 : nil, after: cursor, budget: 150)
            shown += data(bench.batch.lines)
            #expect(bench.batch.gaps.isEmpty)
            if isFirst {
                try bench.publish([("log/a", "8"), ("log/a", "9")])
                bench.replica.follow()
            }
            isFirst = false
        } while bench.batch.hasMore
        #expect(shown.filter { $0.hasPrefix("log/a") } == (5..<10).map { "log/a=\($0)" })
        #expect(shown.filter { $0.hasPrefix("log/b") } == (5..<8).map { "log/b=\($0)" })
        #expect(shown.filter { $0.hasPrefix("plain") }.count == 8)
        #expect(rest.filter { $0.hasPrefix("log/a") }.sorted() == ["log/a=5", "log/a=6", "log/a=7"])
    }

    /// Between two answers the log forgets: only what was wanted is missed.
    @Test func aSnapshotOfSeveralAnswersTellsWhatItLost() throws {
        let bench = try Bench(logging: 4)
        for number in 0..<4 { try bench.publish([("plain/\(number)", "1"), ("log/a", "\(number)")]) }
        bench.replica.follow()
        let cursor = try ask(bench, ["**"], last: 2, budget: 60)
        let isCut = bench.batch.hasMore
        #expect(isCut)
        try bench.publish([("log/a", "4"), ("log/a", "5")])
        bench.replica.follow()
        _ = try ask(bench, ["log/a"], last: nil, after: cursor)
        #expect(bench.batch.gaps.isEmpty && data(bench.batch.lines).first == "log/a=2")
        try bench.publish("log/a", "6")
        bench.replica.follow()
        _ = try ask(bench, ["log/a"], last: 2, after: cursor)
        #expect(bench.batch.gaps.map(\.next) == [4] && bench.batch.gaps.map(\.missed) == [nil])
        // With nothing wanted of it nothing is missed, until what came since is lost too.
        let text = "bench-\(cursor.sequence).\(cursor.snapshotBegan ?? 0).0"
        let nothing = Cursor(Array(text.utf8).span)
        #expect(nothing?.last == 0)
        _ = try ask(bench, ["log/a"], last: 2, after: nothing)
        #expect(bench.batch.gaps.isEmpty && data(bench.batch.lines).first == "log/a=4")
        try bench.publish([("log/a", "7"), ("log/a", "8")])
        bench.replica.follow()
        _ = try ask(bench, ["log/a"], last: 2, after: nothing)
        #expect(bench.batch.gaps.map(\.next) == [6])
    }
}
