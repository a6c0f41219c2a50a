import Access
import Broker
import HTTP
import Primitives
import TestSupport
import Testing

@testable import Gateway

/// Tickets, and those who try without anything that is right.
extension AuthenticationTests {
    // MARK: Tickets

    private func ticket(_ stage: FrontEndStage, _ body: String = "", _ field: String? = nil) throws -> String
    {
        let answer = post(stage, "/tickets", body, field ?? bearer)
        #expect(status(answer) == "200" && answer.contains("\"expires\":\(Self.time + 30)}"), "\(answer)")
        return try #require(member("ticket", of: answer))
    }

    @Test func aTicketIsGoodOnce() throws {
        let stage = try stage()
        let ticket = try ticket(stage)
        #expect(status(get(stage, "/poll?topics=fx/A&wait=0&ticket=\(try self.ticket(stage))")) == "403")
        // It opens what a browser opens, and nothing else.
        #expect(status(get(stage, "/topics?match=stocks/*&ticket=\(ticket)")) == "401")
        let answer = get(stage, "/poll?topics=stocks/A&wait=0&ticket=\(ticket)")
        #expect(status(answer) == "200")
        #expect(status(get(stage, "/poll?topics=stocks/A&wait=0&ticket=\(ticket)")) == "401")
        // The answer has the next one.
        let next = try #require(member("ticket", of: answer))
        #expect(
            next != ticket && status(get(stage, "/ws?topics=stocks/A&ticket=\(next)", Self.upgrade)) == "101")
    }

    @Test func aTicketIsGoodForHalfAMinute() throws {
        let stage = try stage()
        let ticket = try ticket(stage)
        _ = stage.pass(.seconds(30))
        #expect(status(get(stage, "/sse?topics=stocks/A&ticket=\(ticket)")) == "401")
    }

    @Test func aTicketMayBeNarrower() throws {
        let stage = try stage()
        #expect(status(post(stage, "/tickets", #"{"subscribe":["fx/*"]}"#, bearer)) == "403")
        #expect(
            status(post(stage, "/tickets", #"{"subscribe":["stocks/*"],"publish":["stocks/*"]}"#, bearer))
                == "403")
        let narrow = try ticket(stage, #"{"subscribe":["stocks/A"]}"#)
        #expect(status(get(stage, "/sse?topics=stocks/B&ticket=\(narrow)")) == "403")
    }

    @Test func aTicketForAnotherNeedsGrant() throws {
        let stage = try stage()
        let body = #"{"subject":"b/b","subscribe":["inbox/{subject}/**"]}"#
        let given = try ticket(stage, body)
        #expect(status(get(stage, "/poll?topics=inbox/b%252Fb/1&wait=0&ticket=\(given)")) == "200")
        #expect(stage.connection.principal.name == "b/b" && stage.connection.principal.key == "desk")
        let refused = post(stage, "/tickets", #"{"subject":"bob","subscribe":["stocks/*"]}"#, bearer)
        #expect(status(refused) == "403" && refused.contains("grant"))
        #expect(status(post(stage, "/tickets", #"{"subject":"bob"}"#, bearer)) == "400")
        #expect(status(post(stage, "/tickets", "")) == "401")
        #expect(status(post(stage, "/tickets", "[]", bearer)) == "400")
    }

    // MARK: Failures

    @Test func slowsDownWhoTries() throws {
        let stage = try stage()
        for _ in 0..<10 { #expect(status(get(stage, "/topics", "Authorization: Bearer tg_wrong")) == "401") }
        for _ in 0..<20 {
            let answer = get(stage, "/topics", "Authorization: Bearer tg_wrong")
            #expect(status(answer) == "429" && answer.contains("Retry-After: 6"))
        }
        // A right key, which costs a hash, is still believed; a token, which costs more, has to wait.
        let fresh = "Authorization: Bearer \(token(#"{"subscribe":["a"]}"#))"
        #expect(status(get(stage, "/topics?match=stocks/*", bearer)) == "200")
        #expect(status(get(stage, "/topics?match=a", fresh)) == "429")
        _ = stage.pass(.seconds(6))
        #expect(status(get(stage, "/topics?match=a", fresh)) == "200")
        #expect(status(get(stage, "/topics", "Authorization: Bearer tg_wrong")) == "401")
        #expect(status(get(stage, "/topics", "Authorization: Bearer tg_wrong")) == "429")
        #expect(status(get(stage, "/topics?match=a", fresh)) == "200")
        let metrics = get(stage, "/metrics", bearer)
        #expect(metrics.contains("tidegate_credentials_refused_total{reason=\"key\"} 32"))
        #expect(metrics.contains("tidegate_credentials_refused_total{reason=\"throttled\"} 1"))
    }

    /// A hundred thousand tries a minute, for twelve seconds: ten at once are answered, and one every six seconds; the rest are put off.
    @Test func guessesGetNowhere() throws {
        let stage = try stage()
        let wrong = "GET /topics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tg_wrong\r\n\r\n"
        var answers: [String: Int] = [:]
        for _ in 0..<200 {
            for _ in 0..<100 { answers[status(stage.receive(wrong)), default: 0] += 1 }
            stage.clock.advance(by: .milliseconds(60))
            stage.work.beginTurn()
        }
        #expect(answers == ["401": 11, "429": 19_989])
        #expect(status(get(stage, "/topics?match=stocks/*", bearer)) == "200")
    }
}
