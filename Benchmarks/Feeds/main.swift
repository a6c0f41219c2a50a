/// The cost of making a simulated update: a million a second of simulated time, in batches of a millisecond.
import Broker
import Feeds
import Primitives

for symbolCount in [50, 10_000, 100_000] {
    let feed = MarketFeed(prefix: "sim", symbolCount: symbolCount, rate: 1_000_000, seed: 1)
    var batch = UpdateBatch()
    var now = Instant(nanoseconds: 0)
    var updateCount = 0
    var byteCount = 0
    let start = Instant.now()
    while updateCount < 5_000_000, let next = try feed.produce(at: now, time: .now(), into: &batch) {
        updateCount += batch.count
        byteCount += batch.byteCount
        batch.removeAll()
        now = next
    }
    let nanoseconds = Instant.now().since(start).nanoseconds
    print(
        "market, \(symbolCount) symbols: \(nanoseconds / UInt64(updateCount)) ns and",
        "\(byteCount / updateCount) bytes an update")
}
