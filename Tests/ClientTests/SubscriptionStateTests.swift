import Primitives
import Testing

@testable import Client

struct SubscriptionStateTests {
    private func update(_ topic: String, _ version: Int) throws -> WireEvent {
        .update(
            try Update(line: Array(#"{"topic":"\#(topic)","version":\#(version),"time":9,"data":1}"#.utf8)))
    }

    /// The reported events, in short: versions, and the names of all other events.
    private func told(_ state: inout SubscriptionState, _ events: [WireEvent]) -> [String] {
        var told: [SubscriptionEvent] = []
        for event in events { state.apply(event, over: .webSocket, into: &told) }
        return told.map { event in
            switch event {
            case .update(let update, let conflated): "v\(update.version)+\(conflated)"
            case .connected: "connected"
            case .live: "live"
            case .reset: "reset"
            case .gap: "gap"
            case .stale(let staleness): "stale \(staleness.topic.span.text) \(staleness.since)"
            case .away(let isAway): isAway ? "away" : "back"
            case .cursor: "cursor"
            case .heartbeat: "alive"
            case .error: "error"
            case .disconnected: "disconnected"
            }
        }
    }

    @Test func signsOfLifeAreTold() {
        var state = SubscriptionState(cursor: nil)
        let events: [WireEvent] = [
            .heartbeat, .answered(isEmpty: true, retryAfterSeconds: nil),
            .answered(isEmpty: false, retryAfterSeconds: nil),
        ]
        #expect(told(&state, events) == ["alive", "alive"])
    }

    @Test func dropsRepeatsAndCountsConflation() throws {
        var state = SubscriptionState(cursor: nil)
        let events = [
            try update("a", 7), try update("a", 12), try update("a", 12), try update("a", 9),
            try update("b", 1),
        ]
        #expect(told(&state, events) == ["v7+0", "v12+4", "v1+0"])
        #expect(state.repeats == 2 && state.conflated == 4 && state.received == 3)
    }

    @Test func aGapIsNoConflation() throws {
        var state = SubscriptionState(cursor: nil)
        let gap = WireEvent.gap(Gap(topic: [97], next: 10, missed: 2))
        #expect(told(&state, [try update("a", 7), gap, try update("a", 10)]) == ["v7+0", "gap", "v10+0"])
        #expect(state.conflated == 0 && state.missed == 2)
    }

    @Test func aResetForgets() throws {
        var state = SubscriptionState(cursor: nil)
        let events = [try update("a", 7), .cursor([49]), .reset, try update("a", 1)]
        #expect(told(&state, events) == ["v7+0", "cursor", "reset", "v1+0"])
        #expect(state.cursor == nil)
    }

    /// A resume says again what was stale at its cursor; an update, a reset, or another moment makes it news.
    @Test func stalenessIsToldOnce() throws {
        var state = SubscriptionState(cursor: nil)
        let a = WireEvent.stale(Staleness(topic: [97], since: 20))
        let later = WireEvent.stale(Staleness(topic: [97], since: 30))
        let b = WireEvent.stale(Staleness(topic: [98], since: 20))
        #expect(
            told(&state, [try update("a", 7), a, a, try update("a", 7), a, b])
                == ["v7+0", "stale a 20", "stale b 20"])
        #expect(told(&state, [try update("a", 8), a, later]) == ["v8+0", "stale a 20", "stale a 30"])
        #expect(told(&state, [.reset, later, b]) == ["reset", "stale a 30", "stale b 20"])
    }

    @Test func notResumingWithACursorIsAReset() throws {
        var state = SubscriptionState(cursor: [49])
        var events: [SubscriptionEvent] = []
        state.begin(into: &events)
        #expect(told(&state, [.subscribed(resumed: false)]) == ["connected", "reset"])
        state = SubscriptionState(cursor: nil)
        state.begin(into: &events)
        #expect(told(&state, [.subscribed(resumed: false)]) == ["connected"])
    }

    @Test func aNewLinkWithoutACursorForgetsWhatIsHeld() throws {
        var state = SubscriptionState(cursor: nil)
        _ = told(&state, [try update("a", 7)])
        var events: [SubscriptionEvent] = []
        state.begin(into: &events)
        #expect(events == [.reset])
        #expect(told(&state, [try update("a", 1)]) == ["v1+0"])
    }
}
