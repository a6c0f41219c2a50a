/// A simulated market at a steady rate: for trials, demonstrations and load tests. Every value says
/// `"simulated":true`.
package import Broker
package import Primitives
package import Settings

package final class MarketFeed: FeedKind {
    package static let kindName = "market"

    private var market: Market
    private let rate: UInt64
    /// When the first update was due.
    private var origin: Instant?
    /// Updates produced or skipped since `origin`: the number of the next one.
    private var position: UInt64 = 0
    /// Updates skipped because the feed was called too late.
    package private(set) var skippedCount: UInt64 = 0

    /// 4,096 updates a batch, about a megabyte: a feed that is behind publishes in pieces.
    private static let batchLimit: UInt64 = 4096
    /// At 1,000 steps a second a million updates come in batches of 1,000, and waking costs next to nothing.
    private static let shortestStep = Duration.milliseconds(1)
    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    package init(prefix: String, symbolCount: Int, rate: Int, seed: UInt64) {
        precondition(symbolCount > 0 && rate > 0, "a market needs symbols and a rate")
        market = Market(prefix: prefix, symbolCount: symbolCount, seed: seed)
        self.rate = UInt64(rate)
    }

    package convenience init(
        origin: FeedOrigin, settings: inout SettingsSection
    ) throws(SettingsFailure) {
        let prefix = try settings.topicPrefix("prefix", default: "sim")
        let symbolCount = try settings.integer("symbols", default: 50, in: 1...100_000)
        let rate = try settings.integer("rate", default: 200, in: 1...1_000_000)
        let seed = try settings.integer("seed", default: 1, in: 0 ... .max)
        if let reason = topicFault(prefix + "/ABCDE") {
            throw settings.refusal(of: "prefix", because: reason)
        }
        self.init(prefix: prefix, symbolCount: symbolCount, rate: rate, seed: UInt64(seed))
    }

    package func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant? {
        let origin = self.origin ?? now
        self.origin = origin
        let due = Self.scaled(now.since(origin).nanoseconds, by: rate, over: Self.nanosecondsPerSecond) + 1
        skip(due: due)
        guard due > position else { return moment(of: position, from: origin) }
        let count = min(due - position, Self.batchLimit)
        for _ in 0..<count { market.trade(into: &batch) }
        position += count
        if position < due { return now }
        return max(moment(of: position, from: origin), now + Self.shortestStep)
    }

    /// More than a quarter of a second late, the feed skips updates: the machine is too slow, or it slept, and a
    /// burst would help neither.
    private func skip(due: UInt64) {
        let tolerated = max(1, rate / 4)
        guard due > position + tolerated else { return }
        skippedCount += due - position - tolerated
        position = due - tolerated
    }

    /// When update `number`, from 0, is due.
    private func moment(of number: UInt64, from origin: Instant) -> Instant {
        let nanoseconds = Self.scaled(number, by: Self.nanosecondsPerSecond, over: rate, roundingUp: true)
        return Instant(nanoseconds: origin.nanoseconds + nanoseconds)
    }

    /// value · factor / divisor, with a product of 128 bits: it lasts 584 years at any rate.
    private static func scaled(
        _ value: UInt64, by factor: UInt64, over divisor: UInt64, roundingUp: Bool = false
    ) -> UInt64 {
        let (quotient, remainder) = divisor.dividingFullWidth(value.multipliedFullWidth(by: factor))
        return roundingUp && remainder > 0 ? quotient + 1 : quotient
    }
}
