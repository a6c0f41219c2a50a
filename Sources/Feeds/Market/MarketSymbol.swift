/// One simulated instrument: a seeded random walk, with the day's quote, trade and statistics.
///
/// Prices are whole ticks; the walk itself is a double between them. The day never ends: no session closes, no price
/// opens anew.
internal import Primitives

struct MarketSymbol {
    /// Where its topic is among the market's.
    let topic: Range<Int>
    /// 0.01 at 1.00 and above, 0.0001 below, as US equities are quoted (Regulation NMS, rule 612).
    let decimals: Int
    /// The price, in ticks, that pulls the walk back.
    private let anchor: Double
    /// The spread as a share of the price.
    private let spreadShare: Double
    private var middle: Double

    /// In ticks; all zero until the first update.
    private(set) var bid: Int64 = 0
    private(set) var ask: Int64 = 0
    private(set) var last: Int64 = 0
    private(set) var open: Int64 = 0
    private(set) var high: Int64 = 0
    private(set) var low: Int64 = 0
    /// In shares.
    private(set) var size: UInt64 = 0
    private(set) var volume: UInt64 = 0

    /// Two basis points a step. The pull below keeps the price within about 3 % of its anchor (one standard
    /// deviation, step / √(2 · pull)), so even after weeks the prices look plausible.
    private static let stepShare = 2e-4
    private static let pull = 2e-5

    init(topic: Range<Int>, random: inout SeededGenerator) {
        self.topic = topic
        // The cube makes prices below 100 the most frequent, and 600 the highest.
        let skewed = random.unit()
        let price = 0.4 + 600 * skewed * skewed * skewed
        decimals = price < 1 ? 4 : 2
        anchor = (price * (price < 1 ? 10_000 : 100)).rounded()
        middle = anchor
        // 2 to 12 basis points.
        spreadShare = 2e-4 + 1e-3 * random.unit()
    }

    var isOpen: Bool { open > 0 }

    /// One trade: the walk goes a step, the quote follows it, and the trade takes one of its sides.
    mutating func trade(_ random: inout SeededGenerator) {
        let step = Self.bell(random.next())
        let bits = random.next()
        middle += middle * Self.stepShare * step + (anchor - middle) * Self.pull
        quote(jitter: Double(bits & 0xFF) / 256)
        last = bits & 0x100 == 0 ? bid : ask
        size = Self.tradeSize(bits >> 9)
        volume &+= size
        if !isOpen { (open, high, low) = (last, last, last) }
        high = max(high, last)
        low = min(low, last)
    }

    private mutating func quote(jitter: Double) {
        let spread = max(1, Int64(middle * spreadShare * (0.75 + jitter / 2)))
        bid = max(1, Int64(middle) - spread / 2)
        ask = bid + spread
    }

    /// Roughly normal, mean 0 and deviation 1: the sum of four 16-bit numbers, without a logarithm.
    private static func bell(_ bits: UInt64) -> Double {
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return (Double(sum) - 131_070) / 37_837
    }

    /// Mostly a few round lots, each doubling half as frequent. One trade in eight is an odd lot.
    private static func tradeSize(_ bits: UInt64) -> UInt64 {
        if bits & 7 == 0 { return 1 + (bits >> 8) % 99 }
        let doublings = UInt64((bits >> 16 | 1 << 8).trailingZeroBitCount)
        return 100 * (1 + (bits >> 32) % (1 << doublings))
    }

    /// The change from the open in hundredths of a percent, rounded to the nearest.
    private var changeInBasisPoints: Int64 {
        let change = last - open
        return (change * 20_000 + (change < 0 ? -open : open)) / (2 * open)
    }

    /// Names and punctuation are 109 bytes, the ten numbers at most 22 each.
    private static let maximumByteCount = 384

    /// Appends the symbol's state as a JSON object.
    func write(into data: inout ByteBuffer) {
        _ = data.appendUnsafe(upTo: Self.maximumByteCount) { free in
            // Never nil: room was reserved.
            guard let start = free.baseAddress else { return 0 }
            var writer = QuoteWriter(start)
            write(with: &writer)
            return writer.byteCount
        }
    }

    private func write(with writer: inout QuoteWriter) {
        writer.append("{\"simulated\":true,\"last\":")
        writer.append(fixed: last, decimals: decimals)
        writer.append(",\"bid\":")
        writer.append(fixed: bid, decimals: decimals)
        writer.append(",\"ask\":")
        writer.append(fixed: ask, decimals: decimals)
        writer.append(",\"size\":")
        writer.append(size)
        writer.append(",\"volume\":")
        writer.append(volume)
        writer.append(",\"open\":")
        writer.append(fixed: open, decimals: decimals)
        writer.append(",\"high\":")
        writer.append(fixed: high, decimals: decimals)
        writer.append(",\"low\":")
        writer.append(fixed: low, decimals: decimals)
        writer.append(",\"change\":")
        writer.append(fixed: last - open, decimals: decimals)
        writer.append(",\"changePercent\":")
        writer.append(fixed: changeInBasisPoints, decimals: 2)
        writer.append("}")
    }
}
