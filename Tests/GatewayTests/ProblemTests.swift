import Broker
import HTTP
import Primitives
import Testing

@testable import Gateway

@Suite struct ProblemTests {
    @Test func isSpelledAsRFC9457HasIt() {
        var output = ByteBuffer()
        output.append(.invalidJSON("\"x\"\n"), extra: ["line": 3, "accepted": 2])
        #expect(
            output.bytes.text
                == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"\"x\"\n","#
                + #""code":"invalid_json","line":3,"accepted":2}"# + "\n")
    }

    /// Each is a key of the metrics, so one that is not listed would not be counted.
    @Test func everyCodeIsListed() throws {
        let problems = [
            Problem.badRequest(""), .invalidJSON(""), .draining(wait: 1), .full(wait: 1),
            .overloaded(retryAfter: 1),
            .notAllowed("GET"), .tooManyTopics(1),
            .tooManyMessages(1),
        ]
        for problem in problems { #expect(Problem.codes.contains(problem.code)) }
        for text in ["", "a b", "a//b", "*x", "**/a", ".", String(repeating: "x", count: 300)] {
            do throws(TopicFailure) {
                _ = try TopicPattern(text)
                Issue.record("\"\(text)\" was taken")
            } catch {
                #expect(Problem(error).code == "invalid_topic")
                #expect(Problem(error).detail.hasSuffix("."))
            }
        }
        #expect(Set(Problem.codes).count == Problem.codes.count)
    }

    @Test func whatIsAllowedIsSaid() {
        let problem = Problem.notAllowed("GET, HEAD")
        #expect(problem.status == 405 && problem.detail == "Here only GET, HEAD can be used.")
        #expect("\(problem.allowed ?? "")" == "GET, HEAD")
    }
}
