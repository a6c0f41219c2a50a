import Primitives
import Testing

/// Pages of what a log keeps.
@testable import Broker

@Suite struct LogPageTests {
    /// Versions 1 to 20, of which 11 to 20 are kept, in lines of the same length.
    private func bench() throws -> Bench {
        let bench = try Bench(logging: 10)
        for number in 0..<20 { try bench.publish("log/a", "\(10 + number)") }
        try bench.publish("plain", "1")
        bench.replica.follow()
        return bench
    }

    /// The versions of a page, and what is said of its neighbours.
    private func page(
        _ bench: Bench, _ place: LogPlace, limit: Int = 1000, budget: Int = 1 << 20,
        of topic: String = "log/a"
    ) throws -> (versions: [UInt64], page: LogPage) {
        bench.batch.removeAll()
        let page = try bench.replica.read(
            log: Array(topic.utf8).span, place, limit: limit, byteBudget: budget, into: &bench.batch)
        return (bench.batch.entries.map(\.version), page)
    }

    @Test(
        arguments: [
            (LogPlace.from(0), 3, [11, 12, 13], 14), (.from(11), 3, [11, 12, 13], 14),
            (.from(12), 1, [12], 13), (.from(18), 3, [18, 19, 20], nil), (.from(20), 3, [20], nil),
            (.from(21), 3, [], nil), (.from(.max), 3, [], nil),
            (.before(.max), 3, [18, 19, 20], nil), (.before(21), 3, [18, 19, 20], nil),
            (.before(20), 2, [18, 19], 20), (.before(13), 3, [11, 12], 13), (.before(12), 3, [11], 12),
            (.before(11), 3, [], 11), (.before(0), 3, [], 11), (.from(0), 10, Array(11...20), nil),
            (.before(.max), 10, Array(11...20), nil),
        ] as [(LogPlace, Int, [UInt64], UInt64?)])
    func aPageIsCutByItsLimit(place: LogPlace, limit: Int, versions: [UInt64], next: UInt64?) throws {
        let found = try page(try bench(), place, limit: limit)
        #expect(found.versions == versions && found.page == LogPage(first: 11, next: next))
    }

    @Test func aPageIsCutByItsBytesAndHasOneUpdateAtLeast() throws {
        let bench = try bench()
        _ = try page(bench, .from(0), limit: 1)
        let line = bench.batch.byteCount
        for (budget, count) in [(0, 1), (line, 1), (2 * line - 1, 1), (2 * line, 2), (5 * line, 5)] {
            #expect(try page(bench, .from(0), budget: budget).versions == Array(11..<(11 + UInt64(count))))
            let back = try page(bench, .before(.max), budget: budget).versions
            #expect(back == Array((21 - UInt64(count))...20))
            #expect(bench.batch.byteCount <= max(budget, line))
        }
    }

    /// Either way, page by page, everything comes once and in order.
    @Test(arguments: [1, 3, 10]) func pagesMeet(limit: Int) throws {
        let bench = try bench()
        var (forward, next) = ([UInt64](), UInt64?.some(0))
        while let from = next, forward.count < 20 {
            let found = try page(bench, .from(from), limit: limit)
            if found.versions.isEmpty { break }
            forward += found.versions
            next = found.page.next
        }
        #expect(forward == Array(11...20))
        var backward: [UInt64] = []
        while backward.first != 11 {
            backward = try page(bench, .before(backward.first ?? .max), limit: limit).versions + backward
        }
        #expect(backward == Array(11...20))
    }

    @Test func whatEndedIsNotShown() throws {
        let bench = try bench()
        try bench.publish([("log/a", nil), ("log/a", "1"), ("log/a", "2")])
        bench.replica.follow()
        let found = try page(bench, .from(15))
        #expect(found.versions == [22, 23] && found.page == LogPage(first: 22, next: nil))
        #expect(try page(bench, .before(22)).page == LogPage(first: 22, next: 22))
        try bench.publish("log/a", nil)
        bench.replica.follow()
        #expect(throws: LogAbsence.noTopic) { try page(bench, .from(0)) }
    }

    @Test func whereNoLogIsThereIsNoPage() throws {
        let bench = try bench()
        #expect(throws: LogAbsence.noLog) { try page(bench, .from(0), of: "plain") }
        #expect(throws: LogAbsence.noTopic) { try page(bench, .from(0), of: "log/none") }
        _ = try bench.reader(of: ["log/named"])
        #expect(throws: LogAbsence.noTopic) { try page(bench, .from(0), of: "log/named") }
    }
}
