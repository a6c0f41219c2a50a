import Broker
import Primitives
import Testing

@testable import Gateway

/// Publishes whose outcome comes later: answers keep their order, wait no longer than they may, and are dropped when nobody
/// waits any more.
@Suite struct AwaitedOutcomeTests {
    private let log = SlowLog()

    private func post(_ type: String, _ body: String, path: String = "/publish", method: String = "POST")
        -> String
    {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    // MARK: HTTP

    @Test func aPutIsAnsweredWhenItsOutcomeComes() {
        let stage = FrontEndStage(updates: log)
        #expect(stage.receive(post("application/json", "1", path: "/topics/a", method: "PUT")).isEmpty)
        #expect(!stage.frontEnd.isReading)
        log.decide()
        let answer = stage.deliver()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains(#"{"topic":"a","version":7"#))
        #expect(stage.frontEnd.isReading && stage.work.tickets.count == 0)
    }

    @Test func aDeletionIsAnsweredWhenItsOutcomeComes() {
        let stage = FrontEndStage(updates: log)
        #expect(stage.receive("DELETE /topics/a HTTP/1.1\r\nHost: x\r\n\r\n").isEmpty)
        log.decide()
        #expect(stage.deliver().contains(#""deleted":true"#))
    }

    @Test func aRefusalThatComesLaterIsTold() {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(post("application/json", #"{"topic":"a","data":1}"#))
        log.decide(failing: .tooManyTopics(limit: 3))
        #expect(stage.deliver().contains("too_many_topics"))
        #expect(stage.connection.endReason == nil)
    }

    @Test func aLogThatCannotTakeItSaysSo() {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(post("application/json", #"{"topic":"a","data":1}"#))
        log.decide(failing: .unavailable(reason: "the disk is full"))
        let answer = stage.deliver()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After: 1\r\n"))
        #expect(answer.contains("the disk is full"))
    }

    @Test func linesAreReadAheadOfTheirOutcomesUpToAWindow() {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(
            "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
        let line = "{\"topic\":\"a\",\"data\":1}\n"
        let chunk = "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n"
        for _ in 0..<16 { #expect(stage.receive(chunk).isEmpty) }
        #expect(!stage.frontEnd.isReading && log.pendingCount == 16)
        log.decide()
        #expect(stage.deliver().isEmpty && stage.frontEnd.isReading)
        _ = stage.receive(chunk)
        while log.pendingCount > 0 { log.decide() }
        #expect(stage.deliver().isEmpty)
        #expect(stage.receive("0\r\n\r\n").contains(#"{"accepted":17}"#))
    }

    @Test func aBadLineIsToldAfterTheOutcomesBeforeIt() {
        let stage = FrontEndStage(updates: log)
        let body = "{\"topic\":\"a\",\"data\":1}\n{\"topic\":\"a\"}\n"
        #expect(stage.receive(post("application/x-ndjson", body)).isEmpty)
        log.decide()
        let answer = stage.deliver()
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains(#""line":2,"accepted":1}"#))
    }

    @Test func anOutcomeThatDoesNotComeIsGivenUp() {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(post("application/json", #"{"topic":"a","data":1}"#))
        #expect(stage.pass(.seconds(9)).isEmpty)
        #expect(stage.pass(.seconds(1)).hasPrefix("HTTP/1.1 503 "))
        #expect(stage.work.tickets.count == 0)
        // It comes all the same, and nobody is told of it twice.
        log.decide()
        #expect(stage.deliver().isEmpty)
    }

    @Test func aPeerThatIsGoneIsToldNothing() {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(post("application/json", #"{"topic":"a","data":1}"#))
        stage.frontEnd.ended(stage.work)
        #expect(stage.work.tickets.count == 0)
        log.decide()
        #expect(stage.deliver().isEmpty)
    }

    // MARK: WebSocket

    private func client() -> FrontEndStage {
        let stage = FrontEndStage(updates: log)
        _ = stage.receive(
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return stage
    }

    private func publish(_ stage: FrontEndStage, _ id: Int) -> String {
        stage.receive(
            message: "{\"type\":\"publish\",\"id\":\(id),\"updates\":[{\"topic\":\"a\",\"data\":1}]}")
    }

    @Test func answersComeInTheOrderOfThePublishes() {
        let stage = client()
        for id in 1...3 { #expect(publish(stage, id).isEmpty) }
        log.decide(2)
        log.decide(1)
        #expect(stage.deliver().isEmpty)
        log.decide(0)
        let ids = stage.deliver().matches(of: /"published","id":(\d)/).map { String($0.output.1) }
        #expect(ids == ["1", "2", "3"])
    }

    /// Answers keep the order of the commands, refusals too; only publishes need not wait to be read.
    @Test func otherCommandsWaitForTheOutcomes() {
        let stage = client()
        _ = publish(stage, 1)
        #expect(stage.receive(message: #"{"type":"nonsense","id":2}"#).isEmpty)
        #expect(publish(stage, 3).isEmpty && stage.frontEnd.isReading)
        #expect(stage.receive(message: #"{"type":"ping","id":4}"#).isEmpty && !stage.frontEnd.isReading)
        log.decide(1)
        #expect(stage.deliver().isEmpty)
        log.decide(0)
        let ids = stage.deliver().matches(of: /"type":"(\w+)","id":(\d)/).map {
            "\($0.output.1) \($0.output.2)"
        }
        #expect(ids == ["published 1", "error 2", "published 3", "pong 4"] && stage.frontEnd.isReading)
    }

    @Test func aRefusalKeepsItsPlace() {
        let stage = client()
        _ = publish(stage, 1)
        _ = publish(stage, 2)
        log.decide(0, failing: .tooManyTopics(limit: 3))
        log.decide(0)
        let answer = stage.deliver()
        #expect(answer.contains(#"{"type":"error","id":1,"code":"too_many_topics""#))
        #expect(answer.contains(#"{"type":"published","id":2"#))
    }

    @Test func aPublisherFarAheadOfTheOutcomesIsNotRead() {
        let stage = client()
        for id in 0..<PendingAnswers.limit { _ = publish(stage, id) }
        #expect(!stage.frontEnd.isReading)
        log.decide()
        _ = stage.deliver()
        #expect(stage.frontEnd.isReading)
    }

    @Test func outcomesThatDoNotComeAreGivenUpInOrder() {
        let stage = client()
        _ = publish(stage, 1)
        _ = publish(stage, 2)
        log.decide(1)
        _ = stage.deliver()
        let answer = stage.pass(.seconds(10))
        #expect(answer.contains(#"{"type":"error","id":1,"code":"overloaded""#))
        #expect(answer.contains(#"{"type":"published","id":2"#))
    }
}
