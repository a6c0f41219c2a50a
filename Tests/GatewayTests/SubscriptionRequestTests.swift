import HTTP
import Primitives
import Testing

@testable import Gateway

@Suite struct SubscriptionRequestTests {
    /// What a query asks for, or the refusal.
    private func meaning(
        of query: String, content: String? = nil, _ settings: SubscriberSettings = SubscriberSettings()
    ) throws -> String {
        let text = Array("GET /sse?\(query) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        var parser = RequestParser()
        let (head, _) = try #require(try parser.parse(text.span))
        do throws(Problem) {
            var request = try SubscriptionRequest(head, settings)
            if let content { try request.read(Array(content.utf8).span, settings) }
            try request.demandTopics()
            var words = ["\(request.patterns.map(\.told))"]
            if let cursor = request.cursor {
                words.append("after \(String(decoding: cursor, as: UTF8.self))")
            }
            if let rate = request.maximumRate { words.append("at \(rate)") }
            if let heartbeat = request.heartbeat { words.append("beating \(heartbeat)") }
            if let wait = request.wait { words.append("waiting \(wait)") }
            if let last = request.last { words.append("last \(last)") }
            return words.joined(separator: " ")
        } catch {
            return told(error)
        }
    }

    @Test(arguments: [
        ("topics=a,b/*", #"["a", "b/*"]"#),
        ("topic=a&topic=b&topics=c", #"["a", "b", "c"]"#),
        ("topics=a%2Fb,c+d", #"["a/b", "c+d"]"#),
        ("topics=a&cursor=e-1", #"["a"] after e-1"#),
        ("topics=a&cursor=&lastEventId=e-2", #"["a"] after e-2"#),
        ("topics=a&cursor=", #"["a"]"#),
        ("topics=a&maxRate=0.5&heartbeat=60&wait=0", #"["a"] at 0.5 beating 60 waiting 0"#),
        ("topics=a&maxRate=null", #"["a"]"#),
        ("topics=a&last=0", #"["a"] last 0"#),
        ("topics=a&last=1000000&cursor=e-1", #"["a"] after e-1 last 1000000"#),
        ("topics=a&unknown=1", #"["a"]"#),
        ("", "400 bad_request"),
        ("cursor=e-1", "400 bad_request"),
        ("topics=", "400 invalid_topic"),
        ("topics=a,,b", "400 invalid_topic"),
        ("topics=a%20b", "400 invalid_topic"),
        ("topics=%zz", "400 bad_request"),
        ("topics=a&maxRate=0", "400 bad_request"),
        ("topics=a&maxRate=-1", "400 bad_request"),
        ("topics=a&maxRate=inf", "400 bad_request"),
        ("topics=a&last=-1", "400 bad_request"),
        ("topics=a&last=", "400 bad_request"),
        ("topics=a&last=1000001", "400 bad_request"),
        ("topics=a&maxRate=x", "400 bad_request"),
        ("topics=a&heartbeat=0", "400 bad_request"),
        ("topics=a&heartbeat=61", "400 bad_request"),
        ("topics=a&heartbeat=1.5", "400 bad_request"),
        ("topics=a&wait=61", "400 bad_request"),
        ("topics=a&wait=99999999999999999999", "400 bad_request"),
    ]) func aQueryIsUnderstoodOrRefused(query: String, expected: String) throws {
        #expect(try meaning(of: query) == expected)
    }

    @Test(arguments: [
        (#"{"topics":["a","b/*"]}"#, #"["a", "b/*"]"#),
        (#" { "later" : {"topics":[5]}, "topics" : [ "caf\u00e9" ] } "#, #"["café"]"#),
        ("\u{FEFF}" + #"{"topics":["a"]}"#, #"["a"]"#),
        (#"{"topics":["a"],"cursor":"e-1"}"#, #"["a"] after e-1"#),
        (#"{"topics":["a"],"cursor":"e\u002d1"}"#, #"["a"] after e-1"#),
        (#"{"topics":["a"],"cursor":"\ud800"}"#, #"["a"] after ?"#),
        (#"{"topics":["a"],"cursor":"","lastEventId":"e-2"}"#, #"["a"] after e-2"#),
        (#"{"topics":["a"],"cursor":null,"maxRate":null,"heartbeat":null,"wait":null}"#, #"["a"]"#),
        (
            #"{"maxRate":0.5,"heartbeat":60,"wait":0,"topics":["a"]}"#,
            #"["a"] at 0.5 beating 60 waiting 0"#
        ),
        (#"{"topics":["\ud800"]}"#, "400 invalid_topic"),
        (#"{"topics":["a",""]}"#, "400 invalid_topic"),
        (#"{"topics":["a b"]}"#, "400 invalid_topic"),
        (#"{"topics":["a,b"]}"#, "400 invalid_topic"),
        (#"{"topics":"a,b"}"#, "400 bad_request"),
        (#"{"topics":["a",5]}"#, "400 bad_request"),
        (#"{"topics":null}"#, "400 bad_request"),
        (#"{"topics":[]}"#, "400 bad_request"),
        ("{}", "400 bad_request"),
        (#"["a"]"#, "400 bad_request"),
        (#""a""#, "400 bad_request"),
        (#"{"topics":["a"],"cursor":5}"#, "400 bad_request"),
        (#"{"topics":["a"],"maxRate":0}"#, "400 bad_request"),
        (#"{"topics":["a"],"maxRate":"2"}"#, "400 bad_request"),
        (#"{"topics":["a"],"heartbeat":61}"#, "400 bad_request"),
        (#"{"topics":["a"],"heartbeat":"5"}"#, "400 bad_request"),
        (#"{"topics":["a"],"wait":1.5}"#, "400 bad_request"),
        (#"{"topics":["a"],"wait":[]}"#, "400 bad_request"),
        // That it is no JSON comes before what it says.
        (#"{"topics":5,"cursor":"#, "400 invalid_json"),
        (#"{"topics":["a"]} x"#, "400 invalid_json"),
        (#"["a""#, "400 invalid_json"),
    ]) func aBodyIsUnderstoodOrRefused(content: String, expected: String) throws {
        #expect(try meaning(of: "", content: content) == expected)
    }

    @Test func aBodyAddsToTheQuery() throws {
        #expect(
            try meaning(of: "topics=a&wait=5&cursor=e-1", content: #"{"topics":["b"],"wait":7}"#)
                == #"["a", "b"] after e-1 waiting 7"#)
    }

    @Test func topicsAreLimited() throws {
        var settings = SubscriberSettings()
        settings.subscriptionLimit = 2
        #expect(try meaning(of: "topics=a,b", settings) == #"["a", "b"]"#)
        #expect(try meaning(of: "topics=a,b,c", settings) == "400 too_many_topics")
        #expect(try meaning(of: "topics=a", content: #"{"topics":["b"]}"#, settings) == #"["a", "b"]"#)
        #expect(
            try meaning(of: "topics=a", content: #"{"topics":["b","c"]}"#, settings) == "400 too_many_topics")
        #expect(
            try meaning(of: "", content: #"{"topics":["b"],"topics":["c","d"]}"#, settings)
                == "400 too_many_topics")
    }

    /// The body's limit leaves room for as many of the longest names as one may subscribe to.
    @Test func aBodyHoldsAllThatIsAllowed() throws {
        let settings = SubscriberSettings()
        let names = (0..<settings.subscriptionLimit).map {
            "\"\($0)/" + String(repeating: "x", count: 255 - "\($0)".count) + "\""
        }
        let content = "{\"cursor\": \"e-1\", \"topics\": [\(names.joined(separator: ", "))]}"
        #expect(content.utf8.count <= settings.requestByteCount)
        #expect(try meaning(of: "", content: content).hasSuffix(" after e-1"))
    }

    @Test func aRateIsGrantedUpToTheCap() {
        var settings = SubscriberSettings()
        #expect(settings.granted(nil) == nil && settings.granted(7) == 7)
        settings.maximumRate = 5
        #expect(settings.granted(nil) == 5 && settings.granted(7) == 5 && settings.granted(2) == 2)
    }
}
