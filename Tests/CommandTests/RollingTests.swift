import Client
import Testing

@testable import tidegate

/// When the next node may be restarted, and what stops it.
@Suite struct RollingTests {
    private static func sample(_ moment: Double, _ streams: Double, opened: Double) -> FleetSample {
        FleetSample(moment: moment, streams: streams, opened: opened)
    }

    // MARK: Readers

    @Test func readersHaveArrivedWhenAsManyAreThereAndNoMoreCome() {
        var settling = Settling(streams: 1000, rate: 20)
        var opened = 5000.0
        var isOver: [Bool] = []
        // They come, all at first, then as many as ever.
        for (second, (streams, new)) in [
            (400, 300), (700, 320), (960, 260), (990, 40), (1000, 30), (1001, 20), (1000, 20), (1000, 20),
        ].enumerated() {
            opened += Double(new)
            isOver.append(settling.take(Self.sample(Double(second), Double(streams), opened: opened)))
        }
        #expect(isOver == [false, false, false, false, false, true, true, true])
    }

    @Test func aStormIsNoCalm() {
        var settling = Settling(streams: 1000, rate: 20)
        for second in 0..<10 {
            // All are there, and each of them comes again and again.
            let isOver = settling.take(Self.sample(Double(second), 1000, opened: Double(second) * 500))
            #expect(!isOver)
        }
    }

    @Test func whoIsMissingIsWaitedFor() {
        var settling = Settling(streams: 1000, rate: 20)
        for second in 0..<10 {
            let isOver = settling.take(Self.sample(Double(second), 900, opened: Double(second) * 20))
            #expect(!isOver)
        }
        // Five of a hundred have gone home.
        for second in 10..<14 {
            _ = settling.take(Self.sample(Double(second), 950, opened: Double(second) * 20))
        }
        let isOver = settling.take(Self.sample(14, 950, opened: 280))
        #expect(isOver)
    }

    @Test func fewAreNoMatter() {
        var settling = Settling(streams: 3, rate: 0)
        let outcomes = (0..<4).map { settling.take(Self.sample(Double($0), 2, opened: Double($0) * 4)) }
        #expect(outcomes == [false, false, false, true])
    }

    // MARK: Doubts

    private static func doubt(
        passingOver name: String? = nil, _ change: (inout [NodeReading]) -> Void
    ) throws -> String? {
        var readings = ["a", "b", "c"].map { name in
            var reading = NodeReading()
            reading.name = name
            reading.epoch = "e1"
            return reading
        }
        change(&readings)
        let places = try ["a", "b", "c"].map { NodePlace(name: $0, url: try GatewayURL("http://\($0):1")) }
        let survey = FleetSurvey(of: places, readings: readings.map { .success($0) }, at: 0)
        return survey.doubt(passingOver: name)?.description
    }

    @Test func whatIsNotAsItShouldBeIsADoubt() throws {
        #expect(try Self.doubt { _ in } == nil)
        #expect(try Self.doubt { $0[1].reason = "it drains" } == "node b is not ready: it drains")
        #expect(try Self.doubt { $0[1].name = "d" } == "node b says that it is node d")
        #expect(try Self.doubt { $0[2].name = "" } == "node c is no node of a cluster")
        #expect(try Self.doubt { $0[2].lag = 100_001 } == "node c is 100001 entries behind")
        #expect(try Self.doubt { $0[2].lag = 100_000 } == nil)
        #expect(
            try Self.doubt { $0[2].epoch = "e2" } == "nodes a and c follow different epochs: e1 and e2")
        #expect(try Self.doubt(passingOver: "b") { $0[1].reason = "it drains" } == nil)
    }

    @Test func aNodeThatDoesNotAnswerIsADoubt() throws {
        let places = [NodePlace(name: "a", url: try GatewayURL("http://127.0.0.1:1"))]
        let doubt = FleetSurvey(of: places).doubt()
        #expect(doubt?.description.hasPrefix("node a: cannot connect to http://127.0.0.1:1") ?? false)
    }
}
