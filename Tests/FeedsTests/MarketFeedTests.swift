import Primitives
import Settings
import Testing

@testable import Broker
@testable import Feeds

@Suite struct MarketFeedTests {
    /// Runs a feed for some simulated time, calling it whenever it asks for that.
    private func run(_ feed: MarketFeed, for length: Duration) throws -> [ReadUpdate] {
        var updates: [ReadUpdate] = []
        var now = zero
        while now <= zero + length {
            let (produced, next) = try feed.produced(at: now)
            updates += produced
            now = try #require(next)
        }
        return updates
    }

    @Test func repeatsItselfForASeed() throws {
        func updates(_ seed: UInt64) throws -> [ReadUpdate] {
            try run(MarketFeed(prefix: "sim", symbolCount: 20, rate: 500, seed: seed), for: .seconds(1))
        }
        let first = try updates(7)
        #expect(try updates(7) == first)
        #expect(try updates(8) != first)
    }

    @Test(arguments: [1, 3, 200, 999, 5000, 30_000])
    func keepsItsRate(rate: Int) throws {
        let feed = MarketFeed(prefix: "sim", symbolCount: 5, rate: rate, seed: 1)
        let count = try run(feed, for: .seconds(2)).count
        #expect(abs(count - 2 * rate) <= max(1, rate / 1000))  // The last step is a millisecond at most.
        let (_, next) = try feed.produced(at: zero + .seconds(3))
        #expect(try #require(next) > zero + .seconds(2))
    }

    @Test func countsWithinOneAtAnyMoment() throws {
        let feed = MarketFeed(prefix: "sim", symbolCount: 5, rate: 777, seed: 1)
        var random = SeededGenerator(seed: 3)
        var now = zero
        var count = 0
        for _ in 0..<500 {
            count += try feed.produced(at: now).updates.count
            #expect(abs(Double(count) - now.since(zero).inSeconds * 777) <= 1)
            now = now + .nanoseconds(Int64(random.next() % 20_000_000))
        }
        #expect(feed.skippedCount == 0)
    }

    @Test func skipsWhatItSleptThrough() throws {
        let feed = MarketFeed(prefix: "sim", symbolCount: 5, rate: 1000, seed: 1)
        _ = try feed.produced(at: zero)
        #expect(try feed.produced(at: zero + .seconds(3600)).updates.count == 250)
        #expect(feed.skippedCount == 3_600_000 - 250)
    }

    @Test func handsOnABigBacklogInPieces() throws {
        let feed = MarketFeed(prefix: "sim", symbolCount: 5, rate: 1_000_000, seed: 1)
        _ = try feed.produced(at: zero)
        let now = zero + .milliseconds(10)
        let (updates, next) = try feed.produced(at: now)
        #expect(updates.count == 4096)
        #expect(next == now)
    }

    @Test func everyTradeIsPlausible() throws {
        let feed = MarketFeed(prefix: "a/b", symbolCount: 30, rate: 5000, seed: 5)
        var volumes: [String: Double] = [:]
        for update in try run(feed, for: .seconds(1)) {
            #expect(update.topic.hasPrefix("a/b/"))
            #expect(try update.member("simulated") == "true")
            let (bid, ask) = (try update.number("bid"), try update.number("ask"))
            let (last, open) = (try update.number("last"), try update.number("open"))
            #expect(bid > 0 && bid < ask)
            #expect(last == bid || last == ask)
            #expect(try update.number("low") <= min(last, open))
            #expect(try update.number("high") >= max(last, open))
            #expect(abs(try update.number("change") - (last - open)) < 1e-6)
            #expect(abs(try update.number("changePercent") - (last / open - 1) * 100) < 0.00501)
            let volume = try update.number("volume")
            #expect(volume == volumes[update.topic, default: 0] + (try update.number("size")))
            volumes[update.topic] = volume
            let price = try #require(try update.member("last"))
            #expect(price.split(separator: ".")[1].count == (open < 1 ? 4 : 2))
        }
        #expect(volumes.count == 30)
    }

    @Test func staysNearItsOpenInTheLongRun() throws {
        var random = SeededGenerator(seed: 9)
        var symbol = MarketSymbol(topic: 0..<1, random: &random)
        for _ in 0..<500_000 { symbol.trade(&random) }
        #expect(Double(symbol.low) > Double(symbol.open) * 0.75)
        #expect(Double(symbol.high) < Double(symbol.open) * 1.3)
    }

    @Test func opensEverySymbolSoon() throws {
        let feed = MarketFeed(prefix: "sim", symbolCount: 100, rate: 1000, seed: 1)
        let updates = try run(feed, for: .milliseconds(200))
        #expect(Set(updates.map(\.topic)).count == 100)
    }

    @Test func activityFollowsZipf() {
        let table = AliasTable.zipf(count: 100)
        var random = SeededGenerator(seed: 1)
        var counts = [Int](repeating: 0, count: 100)
        for _ in 0..<300_000 { counts[table.draw(random.next())] += 1 }
        let harmonic = (1...100).reduce(0) { $0 + 1 / Double($1) }
        for rank in [1, 2, 10, 100] {
            let expected = 300_000 / (Double(rank) * harmonic)
            #expect(abs(Double(counts[rank - 1]) - expected) < expected * 0.1)
        }
    }

    @Test(arguments: [
        (0, 2, "0.00"), (5, 2, "0.05"), (-5, 2, "-0.05"), (1234, 2, "12.34"), (-123_456, 4, "-12.3456"),
        (100, 2, "1.00"), (Int64.max, 2, "92233720368547758.07"), (Int64.min, 4, "-922337203685477.5808"),
    ]) func writesTicksAsPrices(ticks: Int64, decimals: Int, text: String) {
        var bytes = ByteBuffer()
        _ = bytes.appendUnsafe(upTo: 64) { free in
            guard let start = free.baseAddress else { return 0 }
            var writer = QuoteWriter(start)
            writer.append(fixed: ticks, decimals: decimals)
            return writer.byteCount
        }
        #expect(bytes.bytes.text == text)
        bytes.removeAll()
        bytes.append(fixed: ticks, decimals: decimals)
        #expect(bytes.bytes.text == text)
    }

    @Test(arguments: [0, 9, 10, 99, 1_000_000, 9_999_999_999_999_999_999, .max])
    func writesWholeNumbers(value: UInt64) {
        var bytes = ByteBuffer()
        _ = bytes.appendUnsafe(upTo: 64) { free in
            guard let start = free.baseAddress else { return 0 }
            var writer = QuoteWriter(start)
            writer.append(value)
            return writer.byteCount
        }
        #expect(bytes.bytes.text == "\(value)")
    }

    @Test func aHundredThousandNamesAreUnique() throws {
        var names = SymbolNames(seed: 1)
        let all = (0..<100_000).map { _ in names.next() }
        #expect(Set(all).count == 100_000)
        #expect(all.allSatisfy { (3...5).contains($0.count) })
    }

    @Test func readsItsSettings() throws {
        var section = try settings(#"{"kind":"market","symbols":3,"rate":10,"seed":4,"prefix":"demo"}"#)
        let feed = try FeedKinds.make(FeedOrigin(name: "x", baseDirectory: "."), settings: &section)
        #expect(try feed.produced(at: zero).updates[0].topic.hasPrefix("demo/"))
    }

    @Test(arguments: [
        (
            #"{"kind":"market","prefix":"a b"}"#,
            #"config.json:1: prefix: "a b" is no topic here: it has white space"#
        ),
        (
            #"{"kind":"market","rate":0}"#,
            "config.json:1: rate: found 0 (a number), a whole number from 1 to 1000000 is wanted"
        ),
        (
            #"{"kind":"market","symbol":5}"#,
            #"config.json:1: symbol: unknown key. Did you mean "symbols"? Known here: kind, prefix, symbols, rate, seed"#
        ),
    ]) func refusesBadSettings(text: String, message: String) {
        #expect(
            failure {
                var section = try settings(text)
                _ = try FeedKinds.make(FeedOrigin(name: "x", baseDirectory: "."), settings: &section)
            } == message)
    }

    @Test func refusesAnUnknownKind() {
        let message = failure {
            var section = try settings("{}")
            _ = try FeedKinds.make(FeedOrigin(name: "x", baseDirectory: "."), settings: &section)
        }
        #expect(message.hasPrefix(#"config.json: kind: there is no kind of feed "x". Known are: gateway, "#))
    }
}
