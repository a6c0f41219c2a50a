import Access
import Primitives
import TestSupport
import Testing

@testable import Gateway

/// How readers are sent away so that nobody is overrun, and what whoever drains the gateway is told.
@Suite struct DrainTests {
    private static let now = Instant(nanoseconds: 5_000_000_000)

    private static func settings(
        spread: Int64 = 3, deadline: Int64 = 10, reconnectSpread: Int64 = 5
    ) -> DrainSettings {
        var settings = DrainSettings()
        settings.spread = .seconds(spread)
        settings.deadline = .seconds(deadline)
        settings.reconnectSpread = .seconds(reconnectSpread)
        return settings
    }

    /// The range of what readers are told at that moment, in milliseconds.
    private static func delays(_ plan: DrainPlan, after passed: Duration = .zero) -> ClosedRange<Int> {
        var generator = SeededGenerator(seed: 7)
        let delays = (0..<5000).map { _ in plan.reconnectDelay(at: now + passed, &generator) }
        return (delays.min() ?? 0)...(delays.max() ?? 0)
    }

    // MARK: Alone

    @Test func readersOfOneThatIsAloneComeBackAfterItsEnd() {
        let plan = DrainPlan(Self.settings(), load: .seconds(2), avoided: nil, at: Self.now)
        #expect(plan.goodbyeTime == .seconds(3) && plan.end == Self.now + .seconds(10))
        let early = Self.delays(plan)
        #expect(early.lowerBound >= 11_000 && early.upperBound <= 16_000 && early.upperBound > 15_900)
        let late = Self.delays(plan, after: .seconds(10))
        #expect(late.lowerBound >= 1000 && late.lowerBound < 1100 && late.upperBound <= 6000)
    }

    @Test func theyComeBackNoFasterThanTheyCanBeTakenIn() {
        let plan = DrainPlan(Self.settings(), load: .seconds(40), avoided: nil, at: Self.now)
        let delays = Self.delays(plan)
        #expect(delays.lowerBound >= 11_000 && (50_000...51_000).contains(delays.upperBound))
    }

    // MARK: One of many

    @Test func readersGoOnElsewhereAtOnce() {
        let plan = DrainPlan(Self.settings(), load: .milliseconds(20), avoided: "a", at: Self.now)
        #expect(plan.goodbyeTime == .seconds(3))
        let delays = Self.delays(plan)
        #expect(delays.lowerBound >= 100 && delays.upperBound <= 500)
    }

    /// Late goodbyes first, as far as the deadline lets them; then waits.
    @Test func manyReadersAreSentAwayMoreSlowly() {
        let some = DrainPlan(Self.settings(), load: .seconds(6), avoided: "a", at: Self.now)
        #expect(some.goodbyeTime == .seconds(6) && Self.delays(some).upperBound <= 500)
        let many = DrainPlan(Self.settings(), load: .seconds(48), avoided: "a", at: Self.now)
        #expect(many.goodbyeTime == .seconds(8))
        let delays = Self.delays(many)
        #expect(delays.lowerBound >= 100 && (39_000...40_100).contains(delays.upperBound))
        // As configured, even where that is later than the rest has it.
        let slow = DrainPlan(Self.settings(spread: 9), load: .zero, avoided: "a", at: Self.now)
        #expect(slow.goodbyeTime == .seconds(9))
    }

    @Test func handshakesCostMore() throws {
        let stage = FrontEndStage()
        stage.work.memory.connectionCount = 10_000
        let plain = stage.work.returnLoad
        stage.work.memory.secureConnectionCount = 10_000
        #expect(stage.work.returnLoad == plain * 10)
    }

    // MARK: Watching

    private static let order = "POST /operations/drain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

    private static func answer(_ client: LoopClient, on stage: LoopStage) throws -> String {
        client.say(order)
        try stage.turn()
        return client.hear()
    }

    @Test func whoOrdersADrainIsToldHowItGoes() throws {
        let stage = try LoopStage()
        let reader = stage.reader("/sse?topics=a")
        let idle = stage.connect("")
        let watcher = stage.connect("")
        try stage.turn()
        _ = reader.hear()
        let first = try Self.answer(watcher, on: stage)
        #expect(first.hasPrefix("HTTP/1.1 200") && first.contains(#"{"phase":"settling","connections":2"#))
        #expect(stage.shared.drain.waitForOrder() == watcher.peer && !stage.shared.isServing)
        // New ones are let in until the goodbyes begin.
        let late = stage.reader("/sse?topics=a")
        try stage.turn()
        #expect(late.hear().contains("event: live"))

        stage.shared.drain.begin()
        stage.control.drain()
        try stage.turn()
        let during = try Self.answer(watcher, on: stage)
        #expect(during.contains(#"{"phase":"draining","connections":3,"seconds":10}"#))
        #expect(!during.contains("Connection: close"))
        try stage.pass(.seconds(3))
        for one in [reader, late] {
            #expect(one.hear().contains(#"event: goodbye"#))
            one.leave()
        }
        idle.leave()
        #expect(stage.shared.drain.watcherCount == 1 && !stage.loop.hasDrained)
        try stage.turn()
        try stage.turn()
        // All others are gone: so is the one that watches.
        #expect(stage.loop.hasDrained)
        #expect(stage.shared.drain.watcherCount == 0)
    }

    /// A proxy may serve anybody by the same connection.
    @Test func whoAsksForSomethingElseWatchesNoMore() throws {
        let stage = try LoopStage()
        let client = stage.connect("")
        _ = try Self.answer(client, on: stage)
        #expect(stage.shared.drain.watcherCount == 1)
        client.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try stage.turn()
        #expect(client.hear().contains("200") && stage.shared.drain.watcherCount == 0)
    }

    @Test func itTakesTheRightAndNoContent() throws {
        let stage = FrontEndStage(rights: Rights())
        #expect(stage.receive(Self.order).contains(" 403 "))
        let other = FrontEndStage()
        let answer = other.receive(
            "POST /operations/drain HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        #expect(answer.contains(" 400 ") && !other.work.shared.drain.isOrdered)
        #expect(other.receive("GET /operations/drain HTTP/1.1\r\nHost: x\r\n\r\n").contains(" 405 "))
    }
}
