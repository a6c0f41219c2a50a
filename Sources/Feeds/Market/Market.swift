/// A simulated market: its symbols, and the order in which they trade. The same seed gives the same trades.
internal import Broker
internal import Primitives

struct Market: ~Copyable {
    private(set) var symbols: [MarketSymbol] = []
    /// All topics in one run of bytes.
    private var topics: [UInt8] = []
    private let activity: AliasTable
    private var random: SeededGenerator
    /// The symbols before this index have traded.
    private var nextToOpen = 0
    private var isOpeningTurn = false
    private var data = ByteBuffer(capacity: 512)

    init(prefix: String, symbolCount: Int, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        activity = .zipf(count: symbolCount)
        var names = SymbolNames(seed: random.next())
        symbols.reserveCapacity(symbolCount)
        for _ in 0..<symbolCount {
            let start = topics.count
            topics += Array(prefix.utf8) + [ASCII.slash] + names.next()
            symbols.append(MarketSymbol(topic: start..<topics.count, random: &random))
        }
    }

    /// Makes one symbol trade, and appends its new state.
    mutating func trade(into batch: inout UpdateBatch) {
        let index = nextIndex()
        symbols[index].trade(&random)
        data.removeAll()
        symbols[index].write(into: &data)
        do {
            try batch.append(topic: topics.span.extracting(symbols[index].topic), data: data.bytes)
        } catch {
            preconditionFailure("a market's prefix was not checked: \(error)")
        }
    }

    /// Draws by Zipf's law. Until every symbol has traded, each second trade opens the next one, so that the rare
    /// symbols have a price soon too.
    private mutating func nextIndex() -> Int {
        isOpeningTurn.toggle()
        if isOpeningTurn, nextToOpen < symbols.count {
            while nextToOpen < symbols.count - 1, symbols[nextToOpen].isOpen { nextToOpen += 1 }
            nextToOpen += 1
            return nextToOpen - 1
        }
        return activity.draw(random.next())
    }
}
