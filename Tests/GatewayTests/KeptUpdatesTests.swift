import Broker
import Foundation
import Primitives
import Testing

/// What a log keeps, page by page, and the last of it for a reader that subscribes.
@testable import Gateway

@Suite struct KeptUpdatesTests {
    private func stage(
        _ publishedCount: Int = 6, _ configure: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws -> FrontEndStage {
        let pattern = try TopicPattern("log/*")
        let stage = FrontEndStage {
            $0.retention.logs = [(pattern, 4)]
            configure(&$0)
        }
        for number in 0..<publishedCount { try publish("log/a", "\(number)", to: stage) }
        try publish("plain", "0", to: stage)
        return stage
    }

    private func publish(_ topic: String, _ data: String, to stage: FrontEndStage) throws {
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span)
        try stage.sequencer.publish(batch, time: stage.work.time, at: stage.work.now)
        stage.follow()
    }

    private func ask(_ stage: FrontEndStage, _ target: String, _ method: String = "GET") -> String {
        stage.receive("\(method) \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    /// The versions of a page, `first` and `next`.
    private func page(_ stage: FrontEndStage, _ query: String) throws -> (
        versions: [Int], first: Int?, next: Int?
    ) {
        let answer = ask(stage, "/log?topic=log/a\(query)")
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("application/json"))
        let body = try #require(answer.components(separatedBy: "\r\n\r\n").last)
        let page = try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        let updates = try #require(page["updates"] as? [[String: Any]])
        return (updates.compactMap { $0["version"] as? Int }, page["first"] as? Int, page["next"] as? Int)
    }

    // MARK: Pages

    @Test(
        arguments: [
            ("", [3, 4, 5, 6], nil), ("&from=1&limit=2", [3, 4], 5), ("&from=5&limit=2", [5, 6], nil),
            ("&from=7", [], nil), ("&before=5", [3, 4], 5), ("&before=6&limit=1", [5], 6),
            ("&before=3", [], 3),
            ("&from=18446744073709551615", [], nil), ("&unknown=1&limit=10000&from=0", [3, 4, 5, 6], nil),
        ] as [(String, [Int], Int?)]) func areReadForwardsAndBack(query: String, versions: [Int], next: Int?)
        throws
    {
        let page = try page(try stage(), query)
        #expect(page.versions == versions && page.first == 3 && page.next == next)
    }

    @Test func anAnswerIsBoundedInBytes() throws {
        let stage = try stage { $0.subscribers.answerByteCount = 130 }
        #expect(try page(stage, "").versions == [3, 4])
        #expect(try page(stage, "&before=9").versions == [5, 6])
    }

    @Test(arguments: [
        ("/log", "400", "Name a topic"), ("/log?topic=log/*", "400", "invalid_topic"),
        ("/log?topic=log/a&from=x", "400", "\\\"from\\\" must be a version"),
        ("/log?topic=log/a&before=-1", "400", "\\\"before\\\" must be a version"),
        ("/log?topic=log/a&before=", "400", "\\\"before\\\" must be a version"),
        ("/log?topic=log/a&from=18446744073709551616", "400", "\\\"from\\\" must be"),
        ("/log?topic=log/a&limit=0", "400", "\\\"limit\\\" must be a whole number from 1 to 10000"),
        ("/log?topic=log/a&limit=10001", "400", "from 1 to 10000"),
        ("/log?topic=log/a&from=1&before=2", "400", "can't do both"),
        ("/log?topic=%zz", "400", "percent escape"),
        ("/log?topic=log/none", "404", "There is no such topic"),
        ("/log?topic=plain", "404", "keeps no log"),
    ]) func saysWhatIsWrong(target: String, status: String, text: String) throws {
        let answer = ask(try stage(), target)
        #expect(answer.hasPrefix("HTTP/1.1 \(status)") && answer.contains(text))
        #expect(answer.contains("application/problem+json"))
    }

    @Test func answersWhatListingsAnswer() throws {
        let stage = try stage()
        #expect(ask(stage, "/log?topic=log/a", "HEAD").hasPrefix("HTTP/1.1 200"))
        #expect(ask(stage, "/log", "OPTIONS").contains("Allow: GET, HEAD, OPTIONS"))
        #expect(ask(stage, "/log?topic=log/a", "POST").hasPrefix("HTTP/1.1 405"))
    }

    // MARK: The last of it

    private func count(_ text: String, in answer: String) -> Int {
        answer.components(separatedBy: text).count - 1
    }

    @Test(arguments: [("&last=0", 0), ("&last=1", 1), ("&last=3", 3), ("&last=1000000", 4), ("", 4)])
    func aSnapshotShowsTheLast(query: String, shown: Int) throws {
        for target in ["/sse?topics=**", "/poll?topics=**"] {
            let stage = try stage()
            let answer = ask(stage, target + query) + stage.flush()
            #expect(count("\"topic\":\"log/a\"", in: answer) == shown)
            #expect(count("\"topic\":\"plain\"", in: answer) == 1 && !answer.contains("gap"))
            if target.hasPrefix("/sse") {
                try publish("log/a", "6", to: stage)
                #expect(stage.flush().contains("\"version\":7"))
            }
        }
    }

    @Test(arguments: ["/sse", "/poll"]) func aBodySaysItToo(path: String) throws {
        let stage = try stage()
        let body = #"{"topics":["log/*"],"last":2}"#
        let answer =
            stage.receive(
                "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            + stage.flush()
        #expect(count("\"topic\":\"log/a\"", in: answer) == 2)
    }

    /// With a cursor, good or not, it says nothing.
    @Test func aCursorGoesBeforeIt() throws {
        let stage = try stage()
        for (cursor, shown) in [("stage-4", 2), ("stage-99", 4), ("nonsense", 4), ("", 1)] {
            let answer = ask(stage, "/poll?topics=log/*&last=1&wait=0&cursor=\(cursor)")
            #expect(count("\"topic\":\"log/a\"", in: answer) == shown)
        }
    }

    /// The cursor says how much the rest of the snapshot shows.
    @Test func aSnapshotOfSeveralAnswersShowsNoMore() throws {
        let stage = try stage { $0.subscribers.answerByteCount = 70 }
        for number in 6..<9 { try publish("log/a", "\(number)", to: stage) }
        var shown = 0
        var query = "&last=2"
        for _ in 0..<6 {
            let answer = ask(stage, "/poll?topics=**&wait=0\(query)")
            shown += count("\"topic\":\"log/a\"", in: answer)
            let cursor = try #require(answer.firstMatch(of: /"cursor":"([^"]*)"/)).output.1
            query = "&cursor=\(cursor)"
        }
        #expect(shown == 2)
    }

    @Test(arguments: ["/poll?topics=a&last=-1", "/sse?topics=a&last=x", "/poll?topics=a&last=1000001"])
    func aNumberThatIsNoneIsRefused(target: String) throws {
        let answer = ask(try stage(), target)
        #expect(answer.hasPrefix("HTTP/1.1 400"))
        #expect(answer.contains("\\\"last\\\" must be a whole number from 0 to 1000000"))
    }
}
