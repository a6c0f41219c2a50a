import Broker
import HTTP
import Primitives
import Testing

@testable import Gateway

/// Pages and replies write through the responder, whatever stands behind it.
@Suite struct ResponderTests {
    private func head(_ method: String, _ target: String, _ version: String = "1.1") throws -> RequestHead {
        var parser = RequestParser()
        let text = "\(method) \(target) HTTP/\(version)\r\nHost: x\r\n\r\n"
        return try #require(try parser.parse(Array(text.utf8).span)).head
    }

    /// What a request makes a responder of another protocol do.
    private func steps(_ stage: FrontEndStage, _ method: String, _ target: String) throws -> [String] {
        var response = RecordingResponder()
        let head = try head(method, target)
        do throws(Problem) {
            _ = try RequestRouter.route(
                head, &response, stage.connection, stage.work)
        } catch {
            response.refuse(error, stage.connection, stage.work)
        }
        // Whatever is meant for the peer went through the responder.
        #expect(stage.said() == "")
        return response.steps
    }

    @Test func noPageWritesHTTP11() throws {
        let stage = FrontEndStage()
        try stage.publish("a", "1")
        for target in ["/healthz", "/metrics", "/stats", "/topics", "/topics/a", "/poll?topics=a"] {
            let steps = try steps(stage, "GET", target)
            #expect(steps.count == 3 && steps[0].hasPrefix("begin 200 ") && steps[2] == "end", "\(target)")
        }
    }

    @Test func aProblemIsAnAnswerLikeAnyOther() throws {
        let steps = try steps(FrontEndStage(), "GET", "/topics/missing")
        #expect(steps[0].hasPrefix("begin 404 application/problem+json known("))
        #expect(steps[0].hasSuffix("Cache-Control=no-store"))
        #expect(steps[2] == "end")
    }

    @Test func aDeletionAnswersThroughIt() throws {
        let stage = FrontEndStage()
        try stage.publish("a", "1")
        let steps = try steps(stage, "DELETE", "/topics/a")
        #expect(steps[1].hasPrefix(#"write {"topic":"a","version":2"#))
    }

    @Test func anEventStreamIsOpenContent() throws {
        let steps = try steps(FrontEndStage(), "GET", "/sse?topics=a")
        #expect(
            steps.first
                == "begin 200 text/event-stream; charset=utf-8 open "
                + "Cache-Control=no-store, no-transform X-Accel-Buffering=no")
        // The block goes on with the first event.
        #expect(try #/write : tidegate\nretry: [123]\d\d\d\n/#.wholeMatch(in: steps.last ?? "") != nil)
    }

    // MARK: HTTP/1.1

    private func written(
        _ method: String, _ version: String, _ body: (inout HTTP1Responder, FrontEndStage) -> Void
    ) throws -> (text: String, reason: EndReason?) {
        let stage = FrontEndStage()
        var response = HTTP1Responder(try head(method, "/", version))
        body(&response, stage)
        return (stage.said(), stage.connection.endReason)
    }

    @Test(arguments: [
        ("GET", "1.1", "Transfer-Encoding: chunked\r\n\r\n00000002\r\nhi\r\n0\r\n\r\n", nil),
        ("GET", "1.0", "Connection: close\r\n\r\nhi", EndReason.finished),
        ("HEAD", "1.1", "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", .finished),
    ])
    func openContentIsFramedAsTheVersionHasIt(
        method: String, version: String, end: String, reason: EndReason?
    ) throws {
        let written = try written(method, version) { response, stage in
            response.begin(200, "text/plain", .open, stage.connection, stage.work) { _ in }
            response.write(stage.work) { $0.append("hi") }
            response.end(stage.connection, stage.work)
        }
        #expect(written.text.hasSuffix(end))
        #expect(written.reason == reason)
    }

    @Test(arguments: [
        ("GET", "1.1", "Content-Length: 2\r\n\r\nhi", nil),
        ("HEAD", "1.1", "Content-Length: 2\r\n\r\n", nil),
        ("GET", "1.0", "Content-Length: 2\r\nConnection: close\r\n\r\nhi", EndReason.finished),
    ])
    func knownContentHasItsLength(
        method: String, version: String, end: String, reason: EndReason?
    ) throws {
        let written = try written(method, version) { response, stage in
            response.answer(200, "text/plain", Array("hi".utf8).span, stage.connection, stage.work)
        }
        #expect(written.text.hasSuffix(end))
        #expect(written.reason == reason)
    }

    @Test func anAbandonedRequestIsTheLast() throws {
        let written = try written("POST", "1.1") { response, stage in
            response.abandonRequest(stage.connection, .refused)
            response.refuse(.badRequest("no"), stage.connection, stage.work)
        }
        #expect(written.text.contains("\r\nConnection: close\r\n"))
        #expect(written.reason == .refused)
    }

    @Test func aFieldCannotForgeAnother() throws {
        let written = try written("GET", "1.1") { response, stage in
            response.answer(204, stage.connection, stage.work) {
                $0.add("ETag", Array("a\r\nSet-Cookie: b".utf8))
            }
        }
        #expect(written.text.hasSuffix("ETag: a  Set-Cookie: b\r\n\r\n"))
    }
}
