import Broker
import Primitives
import Testing

@testable import Gateway

/// The state is replaced under a running loop: its readers are sent off, and whoever comes is served by the new one.
@Suite struct ReplacementTests {
    /// Another state: what survived of `stage`'s first update, and one that others have published.
    private func replace(_ stage: LoopStage) throws {
        let other = Sequencer(epoch: Epoch("stage"))
        try stage.publish(["a/x"], to: other)
        other.begin(Epoch("next"), after: 1)
        try stage.publish(["a/new"], to: other)
        stage.sequencer.replace(with: other)
    }

    private func stage(_ change: (inout GatewayConfiguration) -> Void = { _ in }) throws -> LoopStage {
        let stage = try LoopStage(change)
        try stage.publish(["a/x"])
        return stage
    }

    @Test func streamsAreToldGoodbye() throws {
        let stage = try stage()
        let (socket, stream) = (stage.webSocket("?topics=a/*"), stage.reader("/sse?topics=a/*"))
        try stage.turn()
        try stage.publish(["a/y"])
        try stage.turn()
        for client in [socket, stream] { #expect(client.hear().contains("stage-2")) }
        try replace(stage)
        // At once they are told nothing, least of all what is not theirs.
        try stage.turn()
        try stage.pass(.milliseconds(999))
        let (said, event) = (socket.hear(), stream.hear())
        for text in [said, event] { #expect(!text.contains("a/new") && !text.contains("next-")) }
        #expect(said.contains(#"{"type":"goodbye","reason":"replaced","reconnectAfter":"#))
        #expect(event.contains("id: stage-2\nretry: "))
        #expect(event.contains("event: goodbye\ndata: {\"reason\":\"replaced\",\"reconnectAfter\":"))
        #expect(stream.isEnded)
        try stage.pass(.seconds(30))
        #expect(stage.loop.statistics.endings[.replaced]?.value.now == 2)
    }

    /// Beyond what survived they are reset, up to there they go on.
    @Test func whoComesBackIsServedByTheNewState() throws {
        let stage = try stage()
        let reader = stage.reader("/sse?topics=a/*")
        try stage.turn()
        try stage.publish(["a/lost"])
        try stage.turn()
        try replace(stage)
        try stage.turn()
        #expect(reader.hear().contains("a/lost"))
        let (lost, kept) = (
            stage.reader("/sse?topics=a/*&cursor=stage-2"), stage.reader("/sse?topics=a/*&cursor=stage-1")
        )
        try stage.turn()
        let (all, rest) = (lost.hear(), kept.hear())
        #expect(all.contains("event: reset\nid: \n") && all.contains("a/x") && all.contains("a/new"))
        #expect(!rest.contains("event: reset") && !rest.contains("a/x") && rest.contains("a/new"))
        #expect(!all.contains("a/lost") && rest.contains("id: next-2"))
        // They are not sent off with the others.
        try stage.pass(.seconds(3))
        try stage.publish(["a/later"])
        try stage.turn()
        for client in [lost, kept] {
            let said = client.hear()
            #expect(said.contains("a/later") && !said.contains("goodbye"))
        }
        #expect(reader.hear().contains("goodbye"))
    }

    /// A poll is answered with what it may have; what it came by stays, and the next one asks the new state.
    @Test func aWaitingPollIsAnswered() throws {
        let stage = try stage()
        let poll = stage.reader("/poll?topics=a/*&cursor=stage-1")
        try stage.turn()
        #expect(poll.hear() == "")
        try replace(stage)
        try stage.pass(.seconds(1))
        let answer = poll.hear()
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains(#"{"cursor":"stage-1","updates":[]}"#))
        #expect(answer.contains("Retry-After: 1"))
        poll.say("GET /poll?topics=a/*&cursor=stage-1 HTTP/1.1\r\nHost: x\r\n\r\n")
        try stage.turn()
        let next = poll.hear()
        #expect(next.contains("a/new") && next.contains(#""cursor":"next-2""#) && !next.contains("reset"))
        try stage.pass(.seconds(3))
        #expect(!poll.isEnded && poll.hear() == "")
    }

    /// One that comes to wait while the replacement is on its way does not wait for a state that is gone.
    @Test func aQuestionUnderWayIsAnsweredInsteadOfWaiting() throws {
        let stage = FrontEndStage()
        for number in 0..<3000 {
            try stage.sequencer.publish(batch("t/\(number)"), time: .now(), at: stage.clock.now)
        }
        stage.follow()
        stage.work.replica.visitSteps = 100
        // It has to go through all that has changed, and finds nothing.
        #expect(stage.receive("GET /poll?topics=*/zz&cursor=stage-1 HTTP/1.1\r\nHost: x\r\n\r\n") == "")
        #expect(stage.frontEnd.reader?.id == nil)
        stage.sequencer.replace(with: Sequencer(epoch: Epoch("next")))
        var answer = ""
        for _ in 0..<50 where answer.isEmpty { answer = stage.flush() }
        #expect(
            answer.contains(#"{"cursor":"stage-3000","updates":[]}"#) && answer.contains("Retry-After: 1"))
    }

    /// Its wait was over before it was told goodbye: the next one is of the new state, and no goodbye is meant for it.
    @Test func aPollThatCameBackByItselfWaits() throws {
        let stage = try stage()
        let poll = stage.reader("/poll?topics=a/*&cursor=stage-1&wait=1")
        try stage.turn()
        try stage.pass(.milliseconds(995))
        try replace(stage)
        try stage.pass(.milliseconds(10))
        #expect(poll.hear().contains(#""cursor":"stage-1""#))
        poll.say("GET /poll?topics=a/*&cursor=next-2 HTTP/1.1\r\nHost: x\r\n\r\n")
        try stage.pass(.seconds(3))
        #expect(poll.hear() == "")
        try stage.publish(["a/z"])
        try stage.turn()
        #expect(poll.hear().contains("a/z"))
    }

    @Test func whoOnlyPublishesStays() throws {
        let stage = try stage()
        let (socket, keeper) = (stage.webSocket(), stage.connect(""))
        try stage.turn()
        _ = socket.hear()
        try replace(stage)
        try stage.pass(.seconds(5))
        #expect(socket.hear() == "" && !socket.isEnded && !keeper.isEnded)
        socket.say(message: #"{"type":"publish","id":1,"updates":[{"topic":"b","data":1}]}"#)
        socket.say(message: #"{"type":"subscribe","id":2,"topics":["a/*"],"cursor":"stage-1"}"#)
        try stage.turn()
        let said = socket.hear()
        #expect(
            said.contains(#""id":1,"accepted":1"#)
                && said.contains(#""id":2,"topics":["a/*"],"resumed":true"#))
        #expect(said.contains("a/new") && !said.contains("a/x"))
    }

    /// It would mix two states: it is told to come back, and asks then.
    @Test func whoReadsAndSubscribesMeanwhileGoesAtOnce() throws {
        let stage = try stage()
        let socket = stage.webSocket("?topics=a/x")
        try stage.turn()
        try replace(stage)
        socket.say(message: #"{"type":"subscribe","id":2,"topics":["a/*"]}"#)
        try stage.turn()
        let said = socket.hear()
        #expect(
            said.contains("\"goodbye\",\"reason\":\"replaced\"") && !said.contains("subscribed\",\"id\":2"))
    }

    /// Goodbyes and returns are spread the more readers there are, and no turn is long for them.
    @Test func aLoopWithManyReadersIsNotHeldUp() throws {
        let stage = try stage { $0.subscribers.eventStreamHeartbeat = .seconds(60) }
        let readers = (0..<3000).map { _ in stage.reader("/sse?topics=a/*") }
        try stage.turn()
        try replace(stage)
        // Every look at the clock takes time: a walk looks at it and stops.
        stage.clock.advanceWithEachReading(by: .microseconds(20))
        let (formers, began) = (stage.loop.work.replacementCount, stage.clock.now)
        var (longest, most) = (Duration.zero, 0)
        var turnCount = 0
        while stage.clock.now.since(began) < .seconds(4) {
            let start = stage.clock.now
            let appointed = stage.loop.goodbyes.count
            stage.loop.turn([])
            most = max(most, stage.loop.goodbyes.count - appointed)
            if stage.loop.goodbyes.count < readers.count, turnCount < 10 {
                #expect(stage.loop.timeout() == .zero)
            }
            longest = max(longest, stage.clock.now.since(start))
            turnCount += 1
        }
        #expect(longest < .milliseconds(8) && most < 400, "\(longest), \(most)")
        #expect(stage.loop.work.replacementCount == formers + 1 && turnCount > 100)
        #expect(readers.allSatisfy { $0.isEnded })
        // Not all in one moment.
        let times = Set(readers.map { $0.toldAt.since(began).nanoseconds / 100_000_000 })
        #expect(times.count >= 9, "\(times)")
        #expect(stage.loop.work.formerReplicas.isEmpty)
    }

    private func batch(_ name: String) throws -> UpdateBatch {
        var batch = UpdateBatch()
        try batch.append(topic: Array(name.utf8).span, data: [49].span)
        return batch
    }
}
