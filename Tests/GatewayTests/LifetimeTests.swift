import Broker
import Foundation
import Primitives
import Testing

/// How long values last, from the publisher's words to the reader's frames.
@testable import Gateway

@Suite struct LifetimeTests {
    private func stage(_ target: String? = nil) throws -> FrontEndStage {
        let pattern = try TopicPattern("fx/**")
        let stage = FrontEndStage {
            $0.retention.staleness = [(pattern, Interval(milliseconds: 2000))]
        }
        if let target { stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n") }
        return stage
    }

    private func pass(_ stage: FrontEndStage, _ duration: Duration) {
        stage.clock.advance(by: duration)
        stage.work.beginTurn()
        stage.sequencer.expire(time: stage.work.time, at: stage.work.now)
        stage.follow()
    }

    private func ask(_ stage: FrontEndStage, _ request: String, _ body: String? = nil) -> String {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        return stage.receive("\(request) HTTP/1.1\r\nHost: x\r\n\(length)\r\n\(body ?? "")")
    }

    private func publish(_ name: String, to stage: FrontEndStage) throws {
        var batch = UpdateBatch()
        try batch.append(topic: Array(name.utf8).span, data: Array("1".utf8).span)
        stage.work.beginTurn()
        try stage.sequencer.publish(batch, time: stage.work.time, at: stage.work.now)
        stage.follow()
    }

    // MARK: Time to live

    @Test(arguments: [
        ("PUT /topics/a?ttl=0.5&at=1764000000123", "1"),
        ("POST /publish", "{\"topic\":\"a\",\"ttl\":0.5,\"at\":1764000000123,\"data\":1}"),
    ])
    func aPublisherSaysHowLong(request: String, body: String) throws {
        let stage = try stage()
        #expect(ask(stage, request, body).hasPrefix("HTTP/1.1 200"))
        let shown = ask(stage, "GET /topics/a")
        #expect(shown.contains(",\"at\":1764000000123,\"data\":1}"))
        pass(stage, .milliseconds(400))
        #expect(ask(stage, "GET /topics/a").hasPrefix("HTTP/1.1 200"))
        pass(stage, .milliseconds(120))
        #expect(ask(stage, "GET /topics/a").hasPrefix("HTTP/1.1 404"))
    }

    @Test(arguments: ["0", "-1", "1e9", "\"5\"", "null", "true"])
    func aTimeIsANumberOfSeconds(text: String) throws {
        let stage = try stage()
        let answer = ask(stage, "POST /publish", "{\"topic\":\"a\",\"ttl\":\(text),\"data\":1}")
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("\\\"ttl\\\" must be"))
    }

    @Test(arguments: ["-1", "1.5", "1764000000123456789", "\"1\"", "1e3"])
    func aMomentIsAWholeNumber(text: String) throws {
        let stage = try stage()
        let answer = ask(stage, "POST /publish", "{\"topic\":\"a\",\"at\":\(text),\"data\":1}")
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("\\\"at\\\" must be"))
        #expect(ask(stage, "PUT /topics/a?at=x", "1").contains("\\\"at\\\" must be"))
    }

    @Test func anEndHasNoTimeToLive() throws {
        let answer = ask(try stage(), "POST /publish", "{\"topic\":\"a\",\"ttl\":1,\"deleted\":true}")
        #expect(answer.hasPrefix("HTTP/1.1 400"))
    }

    // MARK: Staleness

    @Test func anEventStreamIsTold() throws {
        let (stage, other) = (try stage("/sse?topics=**&stale=1"), try stage("/sse?topics=**"))
        for stage in [stage, other] {
            try publish("fx/a", to: stage)
            _ = stage.flush()
            pass(stage, .milliseconds(2016))
        }
        let since = stage.work.time.milliseconds - 16
        #expect(
            stage.flush().contains(
                "event: stale\nid: stage-2\ndata: {\"topic\":\"fx/a\",\"since\":\(since)}\n\n"))
        #expect(other.flush() == "")
        // With a value in the same batch the cursor stands behind both.
        let late = try self.stage()
        try publish("fx/a", to: late)
        pass(late, .milliseconds(2016))
        late.receive("GET /sse?topics=**&stale=true HTTP/1.1\r\nHost: x\r\n\r\n")
        let said = late.flush()
        let value = try #require(said.range(of: "\ndata: {\"topic\":\"fx/a\",\"version\""))
        let stale = try #require(said.range(of: "event: stale\nid: stage-2\n"))
        #expect(value.lowerBound < stale.lowerBound && !said[..<stale.lowerBound].contains("id: "))
    }

    @Test func aWebSocketIsTold() throws {
        let stage = FrontEndStage {
            $0.retention.staleness = [(.everything, Interval(milliseconds: 2000))]
        }
        stage.receive(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        try publish("fx/a", to: stage)
        pass(stage, .milliseconds(2016))
        stage.receive(message: "{\"type\":\"subscribe\",\"topics\":[\"**\"],\"stale\":true}")
        let said = stage.flush()
        let since = stage.work.time.milliseconds - 16
        #expect(said.contains("{\"type\":\"updates\",\"updates\":["))
        #expect(
            said.contains(
                "{\"type\":\"stale\",\"topic\":\"fx/a\",\"since\":\(since),\"cursor\":\"stage-2\"}"))
        #expect(
            stage.receive(message: "{\"type\":\"subscribe\",\"topics\":[\"**\"],\"stale\":1}")
                .contains("\\\"stale\\\" must be true or false"))
    }

    @Test func aPollIsTold() throws {
        let stage = try stage()
        try publish("fx/a", to: stage)
        let cursor = "stage-1"
        #expect(
            ask(stage, "GET /poll?topics=fx/*&wait=0&stale=1&cursor=\(cursor)").contains("\"updates\":[]}"))
        pass(stage, .milliseconds(2016))
        let since = stage.work.time.milliseconds - 16
        let notice = "\"updates\":[],\"stale\":[{\"topic\":\"fx/a\",\"since\":\(since)}]}"
        #expect(ask(stage, "GET /poll?topics=fx/*&wait=0&stale=1&cursor=\(cursor)").contains(notice))
        #expect(
            ask(
                stage, "POST /poll",
                "{\"topics\":[\"fx/*\"],\"stale\":true,\"wait\":0,\"cursor\":\"\(cursor)\"}"
            )
            .contains(notice))
        #expect(ask(stage, "GET /poll?topics=fx/*&wait=0&cursor=\(cursor)").contains("\"updates\":[]}"))
        #expect(ask(stage, "GET /poll?topics=fx/*&stale=yes").contains("\\\"stale\\\" must be true or false"))
    }

    @Test func aWaitingPollIsAnsweredByIt() throws {
        let stage = try stage()
        try publish("fx/a", to: stage)
        #expect(ask(stage, "GET /poll?topics=fx/*&stale=1&cursor=stage-1") == "")
        pass(stage, .milliseconds(2016))
        #expect(stage.flush().contains("\"stale\":[{\"topic\":\"fx/a\""))
    }

    @Test func aListingShowsAgesAndWhatIsStale() throws {
        let stage = try stage()
        try publish("fx/a", to: stage)
        pass(stage, .milliseconds(2016))
        try publish("other", to: stage)
        pass(stage, .milliseconds(1500))
        let listed = ask(stage, "GET /topics")
        #expect(listed.contains(",\"data\":1,\"age\":3.516,\"stale\":true},{"))
        #expect(listed.contains(",\"data\":1,\"age\":1.5}]}"))
    }
}
