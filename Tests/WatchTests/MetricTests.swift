import Client
import Primitives
import Testing

@testable import Watch

/// What is measured is not shown as if it were bought and sold.
struct MetricTests {
    private static func stage() throws -> Stage {
        var stage = Stage(size: Size(columns: 120, rows: 24))
        for step in 0..<8 {
            try stage.update("host/cpu/0", #"{"busyPercent":\#(90 - step * 10)}"#)
            try stage.update("host/net/lo", #"{"receivedBytesPerSecond":\#(35_000 + step * 1000)}"#)
            try stage.update("stocks/ACME", #"{"price":\#(189 - step)}"#)
        }
        stage.hear(.live)
        stage.pass(.milliseconds(10))
        return stage
    }

    private static let prices: Set<Ink> = [.up, .down]

    @Test func itsNameAndUnitAreShownAndNoPercentOfAPercent() throws {
        var stage = try Self.stage()
        let grid = stage.grid()
        #expect(grid.lines[2].contains("WHAT"))
        let cpu = try #require(grid.lines.first { $0.contains("cpu") })
        #expect(
            cpu.contains("20%") && cpu.contains("busy") && cpu.contains("-70") && !cpu.contains("-77.78%"))
        let net = try #require(grid.lines.first { $0.contains("net/lo") })
        #expect(net.contains("41.02KiB/s") && net.contains("received"))
        let stock = try #require(grid.lines.first { $0.contains("ACME") })
        #expect(stock.contains("-3.70%"))
    }

    @Test func redAndGreenAreForPrices() throws {
        var stage = try Self.stage()
        let grid = stage.grid()
        for (name, isPrice) in [("cpu/0", false), ("net/lo", false), ("ACME", true)] {
            let row = try #require(grid.lines.firstIndex { $0.contains(name) })
            let inks = (0..<grid.size.columns).map { grid[row, $0].style.ink }
            #expect(inks.contains { Self.prices.contains($0) } == isPrice, "\(name)")
            let flashes = (0..<grid.size.columns).contains {
                let ground = grid[row, $0].style.ground
                return ground != .plain && ground != .selected
            }
            #expect(flashes == isPrice, "\(name)")
        }
    }

    @Test func whatIsOpenIsNoPriceOfTheDay() throws {
        var stage = Stage(size: Size(columns: 120, rows: 24))
        try stage.update("gateway/connections", #"{"open":5,"http":1}"#)
        try stage.update("gateway/connections", #"{"open":8,"http":1}"#)
        stage.hear(.live)
        let line = stage.grid().lines[3]
        #expect(line.contains("open") && line.contains("+3") && !line.contains("%"))
    }

    @Test func whereNobodyHasAColumnItIsNotThere() throws {
        var stage = Stage(size: Size(columns: 120, rows: 24))
        try stage.update("host/cpu/0", #"{"busyPercent":90}"#)
        try stage.update("host/cpu/0", #"{"busyPercent":80}"#)
        stage.hear(.live)
        #expect(!stage.grid().lines[2].contains("CHANGE%"))
        var prices = Stage(size: Size(columns: 120, rows: 24))
        try prices.update("stocks/ACME", #"{"price":189.3}"#)
        prices.hear(.live)
        #expect(!prices.grid().lines[2].contains("WHAT"))
    }
}
