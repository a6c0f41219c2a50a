import Broker
import Primitives
import Testing

@testable import Gateway

@Suite struct ClientCommandTests {
    private func told(_ rate: ClientCommand.RateRequest) -> String {
        switch rate {
        case .unchanged: ""
        case .limit(let value): " at \(value.map { "\($0)" } ?? "any rate")"
        }
    }

    /// What a message means, before `|` its id.
    private func meaning(of text: String) throws -> String {
        var batch = UpdateBatch()
        let parsed = ClientCommand.parse(Array(text.utf8).span, into: &batch)
        let id = parsed.id.map { String(decoding: $0, as: UTF8.self) + "|" } ?? ""
        switch parsed.command {
        case .success(.subscribe(let patterns, let cursor, let last, let rate, _)):
            let after = cursor.map { " after \(String(decoding: $0, as: UTF8.self))" } ?? ""
            return id
                + "subscribe \(patterns.map(\.told))\(after)\(last.map { " last \($0)" } ?? "")\(told(rate))"
        case .success(.unsubscribe(let patterns)): return id + "unsubscribe \(patterns.map(\.told))"
        case .success(.pace(let rate)): return id + "pace\(told(rate))"
        case .success(.publish): return id + "publish \(try GatewayTests.told(batch))"
        case .success(.auth): return id + "auth"
        case .success(.ping): return id + "ping"
        case .failure(let problem):
            // What is refused leaves nothing to publish.
            let left = batch.count
            #expect(left == 0)
            return id + GatewayTests.told(problem)
        }
    }

    @Test(arguments: [
        (#"{"type":"ping"}"#, "ping"),
        (#" { "id" : 7 , "type" : "ping" } "#, "7|ping"),
        (#"{"type":"ping","id":{"a":[1,"x"]}}"#, #"{"a":[1,"x"]}|ping"#),
        (#"{"type":"ping","id":null}"#, "null|ping"),
        (#"{"type":"ping","unknown":{"topics":5}}"#, "ping"),
        ("\u{FEFF}{\"type\":\"ping\",\"id\":7}", "7|ping"),
        (#"{"type":"auth","token":"t"}"#, "auth"),
        (#"{"type":"subscribe","topics":["a","fx/**"]}"#, #"subscribe ["a", "fx/**"]"#),
        (#"{"topics":["caf\u00e9"],"type":"subscribe","cursor":"e-1"}"#, #"subscribe ["café"] after e-1"#),
        (#"{"type":"subscribe","topics":["a"],"cursor":null,"maxRate":2.5}"#, #"subscribe ["a"] at 2.5"#),
        (#"{"type":"subscribe","topics":["a"],"maxRate":null}"#, #"subscribe ["a"] at any rate"#),
        (#"{"type":"subscribe","last":50,"topics":["a"]}"#, #"subscribe ["a"] last 50"#),
        (#"{"type":"subscribe","topics":["a"],"last":0,"cursor":""}"#, #"subscribe ["a"] after  last 0"#),
        (#"{"type":"subscribe","topics":["a"],"last":null}"#, #"subscribe ["a"]"#),
        (#"{"type":"unsubscribe","topics":["a"]}"#, #"unsubscribe ["a"]"#),
        (#"{"type":"pace","maxRate":1}"#, "pace at 1.0"),
        (#"{"type":"pace","maxRate":null}"#, "pace at any rate"),
        (#"{"type":"publish","updates":[]}"#, "publish []"),
        (
            #"{"type":"publish","updates":[{"topic":"b","data":[1]},{"data":null,"topic":"a"},{"topic":"b","data":2}]}"#,
            #"publish ["a#1=null", "b#2=2"]"#
        ),
    ]) func isUnderstood(text: String, expected: String) throws {
        #expect(try meaning(of: text) == expected)
    }

    @Test(arguments: [
        ("", "400 invalid_json"),
        ("x", "400 invalid_json"),
        ("\u{FEFF}\u{FEFF}{\"type\":\"ping\"}", "400 invalid_json"),
        (" \u{FEFF}{\"type\":\"ping\"}", "400 invalid_json"),
        (#"{"type":"ping"}}"#, "400 invalid_json"),
        ("5", "400 bad_request"),
        ("[]", "400 bad_request"),
        ("{}", "400 bad_request"),
        (#"{"type":5}"#, "400 bad_request"),
        (#"{"type":"pong","id":1}"#, "1|400 bad_request"),
        (#"{"type":"Ping"}"#, "400 bad_request"),
        (#"{"type":"subscribe","id":"s"}"#, #""s"|400 bad_request"#),
        (#"{"type":"subscribe","topics":"a"}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":[]}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":["a",5]}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":["a b"],"id":3}"#, "3|400 invalid_topic"),
        (#"{"type":"subscribe","topics":["**/a"]}"#, "400 invalid_topic"),
        (#"{"type":"subscribe","topics":["\ud800"]}"#, "400 invalid_topic"),
        (#"{"type":"subscribe","topics":["a"],"cursor":5,"id":4}"#, "4|400 bad_request"),
        (#"{"type":"subscribe","topics":["a"],"maxRate":0}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":["a"],"last":-1,"id":5}"#, "5|400 bad_request"),
        (#"{"type":"subscribe","topics":["a"],"last":1.5}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":["a"],"last":"5"}"#, "400 bad_request"),
        (#"{"type":"subscribe","topics":["a"],"last":1000001}"#, "400 bad_request"),
        (#"{"type":"pace"}"#, "400 bad_request"),
        (#"{"type":"pace","maxRate":-1}"#, "400 bad_request"),
        (#"{"type":"pace","maxRate":"2"}"#, "400 bad_request"),
        (#"{"type":"pace","maxRate":1e999}"#, "400 bad_request"),
        (#"{"type":"publish"}"#, "400 bad_request"),
        (#"{"type":"publish","updates":{}}"#, "400 bad_request"),
        (
            #"{"type":"publish","updates":[{"topic":"a","data":1},{"topic":"a b","data":1}]}"#,
            "400 invalid_topic"
        ),
        (#"{"type":"publish","updates":[{"topic":"a","data":1},5]}"#, "400 bad_request"),
    ]) func isRefused(text: String, expected: String) throws {
        #expect(try meaning(of: text) == expected)
    }

    @Test func anIDComesBackUnlessItIsLong() throws {
        let longest = "\"" + String(repeating: "i", count: 254) + "\""
        #expect(try meaning(of: "{\"type\":\"ping\",\"id\":\(longest)}") == longest + "|ping")
        #expect(try meaning(of: "{\"type\":\"ping\",\"id\":\"i\(longest.dropFirst())}") == "400 bad_request")
    }
}
