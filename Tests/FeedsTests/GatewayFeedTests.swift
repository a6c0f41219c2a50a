import Primitives
import Settings
import Synchronization
import Testing

@testable import Feeds

@Suite struct GatewayFeedTests {
    private func feed(_ text: String) throws -> GatewayFeed {
        var section = try settings(text)
        let feed = try GatewayFeed(
            origin: FeedOrigin(name: "gateway", baseDirectory: "."), settings: &section)
        try section.finish()
        return feed
    }

    @Test func showsWhatIsSoAtOnceAndWhatHappenedFromTheSecondReadingOn() throws {
        let feed = try feed(#"{"interval":2}"#)
        let wait = Histogram()
        let time = Mutex(0)
        feed.read = {
            var reading = GatewayReading()
            let step = time.withLock { $0 }
            reading.webSockets = 3
            reading.polls = 1
            reading.delivered = 1000 * step
            reading.processorSeconds = 0.5 * Double(step)
            reading.wait = wait.reading
            return reading
        }
        let (first, next) = try feed.produced(at: zero)
        #expect(next == zero + .seconds(2))
        #expect(first.map(\.topic) == ["gateway/connections", "gateway/topics", "gateway/memory"])
        #expect(
            first[0].data == #"{"open":4,"websocket":3,"sse":0,"poll":1,"http":0,"stopped":0}"#)
        time.withLock { $0 = 1 }
        for _ in 0..<100 { wait.record(4000) }
        let second = try feed.produced(at: zero + .seconds(2)).updates
        let byTopic = Dictionary(uniqueKeysWithValues: second.map { ($0.topic, $0) })
        #expect(byTopic["gateway/delivered"]?.data == #"{"total":1000,"perSecond":500.00}"#)
        #expect(byTopic["gateway/cpu"]?.data == #"{"percent":25.00}"#)
        let latency = try #require(byTopic["gateway/latency"])
        #expect((2.0...4.1).contains(try latency.number("p50Milliseconds")))
        // Nothing was sent since, so there is no latency to report.
        let third = try feed.produced(at: zero + .seconds(4)).updates
        #expect(!third.contains { $0.topic == "gateway/latency" })
        #expect(try third.first { $0.topic == "gateway/delivered" }?.number("perSecond") == 0)
    }

    @Test func withoutAGatewayItEnds() throws {
        let feed = try feed("{}")
        #expect(failure { _ = try feed.produced(at: zero) } == "there is no gateway to ask")
    }
}
