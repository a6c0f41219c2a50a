import Access
import Broker
import HTTP
import Primitives
import TestSupport
import Testing

@testable import Gateway

/// Who makes a request: credentials in fields, cookies, messages and tickets.
@Suite struct AuthenticationTests {
    static let (key, hash) = AccessKey.make()
    private static let secret = [UInt8](repeating: 9, count: 32)
    private static let maker = TokenMaker(.secret(secret))
    /// The wall clock of a stage, in seconds.
    static let time = 1_764_000_001

    /// A gateway with a key, an issuer and whatever else; strangers may nothing.
    func stage(
        anonymous: Rights = Rights(), _ change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws -> FrontEndStage {
        var rights = Rights()
        rights.subscribe = .within([try TopicPattern("stocks/**")])
        rights.grant = .within([try TopicPattern("inbox/**")])
        rights.operate = true
        let secret = try #require(VerifyingKey(secret: Self.secret))
        return FrontEndStage(rights: Rights()) { configuration in
            configuration.access.credentials = Credentials(anonymous: anonymous)
            configuration.access.credentials.keys = [
                AccessKey(name: "desk", hash: Self.hash, addresses: [], rights: rights)
            ]
            configuration.access.credentials.issuers = [
                Issuer(name: nil, algorithms: [.hs256], keys: [secret])
            ]
            configuration.access.origins = []
            change(&configuration)
        }
    }

    func token(_ rights: String, life: Int = 600, subject: String = "ann") -> String {
        Self.maker.token(
            "HS256", #"{"sub":"\#(subject)","exp":\#(Self.time + life),"tidegate":\#(rights)}"#)
    }

    func get(_ stage: FrontEndStage, _ target: String, _ fields: String...) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
    }

    func post(_ stage: FrontEndStage, _ target: String, _ body: String, _ fields: String...) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return stage.receive(
            "POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)")
    }

    func status(_ answer: String) -> String { String(answer.dropFirst("HTTP/1.1 ".count).prefix(3)) }

    var bearer: String { "Authorization: Bearer \(Self.key)" }

    static let upgrade =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    /// The value of a member of the answer's JSON, as text without quotes.
    func member(_ name: String, of answer: String) -> String? {
        guard let start = answer.firstRange(of: "\"\(name)\":")?.upperBound else { return nil }
        return String(answer[start...].prefix { $0 != "," && $0 != "}" }).replacing("\"", with: "")
    }

    // MARK: Fields

    @Test func believesKeysAndTokens() throws {
        let stage = try stage()
        let basic = TokenMaker.base64(Array("desk:\(Self.key)".utf8))
            .replacing("-", with: "+").replacing("_", with: "/")
        for field in [
            bearer, "authorization: bEARER   \(Self.key)", "Authorization: Basic \(basic)=",
            "Authorization: Bearer \(token(#"{"subscribe":["stocks/*"]}"#))",
        ] {
            #expect(status(get(stage, "/topics?match=stocks/*", field)) == "200", "\(field)")
            #expect(status(get(stage, "/topics?match=fx/*", field)) == "403")
        }
        #expect(status(get(stage, "/metrics", bearer)) == "200")
        #expect(stage.connection.principal.name == "desk")
        // A connection acts for whoever shows a credential with each request.
        #expect(status(get(stage, "/topics?match=stocks/*")) == "401")
    }

    @Test(arguments: [
        "Bearer tg_wrong", "Bearer a.b.c", "Bearer", "Bearer ", "Basic !", "Basic ZGVzaw", "Digest x", "",
    ]) func refusesWhatIsWrong(value: String) throws {
        let stage = try stage(anonymous: .all)
        let answer = get(stage, "/topics", "Authorization: \(value)")
        #expect(status(answer) == "401" && answer.contains("\"code\":\"unauthenticated\""))
        #expect(answer.contains("WWW-Authenticate: Bearer realm=\"tidegate\", error=\"invalid_token\""))
        #expect(value.count < 8 || !answer.contains(value.split(separator: " ").last ?? "-"))
    }

    @Test func asksStrangersWhoTheyAre() throws {
        var open = Rights()
        open.subscribe = .within([try TopicPattern("public/**")])
        let stage = try stage(anonymous: open)
        #expect(status(get(stage, "/topics?match=public/**")) == "200")
        let answer = get(stage, "/topics?match=stocks/*")
        #expect(status(answer) == "401" && answer.contains("WWW-Authenticate: Bearer realm=\"tidegate\"\r\n"))
        #expect(answer.contains(#""topics":["stocks/*"]"#) && answer.contains(#"\"subscribe\""#))
        #expect(status(get(stage, "/metrics")) == "401")
        #expect(status(post(try self.stage(anonymous: open), "/publish", "{}")) == "401")
        // What tells nothing is for everybody.
        #expect(status(get(stage, "/healthz", "Authorization: Bearer wrong")) == "200")
    }

    @Test func takesNoTokenFromAURL() throws {
        for stage in [try stage(), FrontEndStage()] {
            let answer = get(stage, "/sse?topics=a&token=\(Self.key)", bearer)
            #expect(status(answer) == "400" && answer.contains("ticket") && !answer.contains(Self.key))
        }
    }

    @Test func takesOneCredential() throws {
        let stage = try stage()
        #expect(status(get(stage, "/topics?match=stocks/*", bearer, bearer)) == "401")
        // The field counts before the cookie, right or wrong.
        let cookied = try self.stage { $0.access.cookie = "tide" }
        let cookie = "Cookie: tide=\(Self.key)"
        #expect(
            status(
                get(cookied, "/topics?match=stocks/*", "Authorization: Bearer x", cookie, "Origin: http://x"))
                == "401")
        #expect(status(get(cookied, "/topics?match=stocks/*", bearer, "Cookie: tide=wrong")) == "200")
    }

    @Test func looksAtNothingWhereNothingIsWanted() {
        let stage = FrontEndStage()
        #expect(status(get(stage, "/topics", "Authorization: Bearer of.a.proxy")) == "200")
    }

    // MARK: Cookies

    @Test func believesACookieWithAnOriginAlone() throws {
        let stage = try stage { $0.access.cookie = "tide" }
        let cookie = "Cookie: a=b; tide=\(Self.key); c=d"
        let target = "/topics?match=stocks/*"
        #expect(status(get(stage, target, cookie)) == "403")
        #expect(status(get(stage, target, cookie, "Origin: http://x")) == "200")
        #expect(status(get(stage, target, cookie, "Sec-Fetch-Site: same-origin")) == "200")
        #expect(status(get(stage, target, cookie, "Origin: http://evil.example")) == "403")
        #expect(status(get(stage, target, cookie, "Sec-Fetch-Site: cross-site")) == "403")
        #expect(status(get(stage, "/ws", cookie, "Sec-Fetch-Site: same-origin", Self.upgrade)) == "403")
        #expect(status(post(stage, "/tickets", "", cookie, "Sec-Fetch-Site: same-origin")) == "403")
        #expect(status(get(stage, "/ws", cookie, "Origin: http://x", Self.upgrade)) == "101")
    }

    @Test func letsPagesOfAllowedOriginsSendTheCookie() throws {
        let stage = try stage {
            $0.access.cookie = "tide"
            do { $0.access.origins = [try OriginPattern("https://app.example")] } catch {}
        }
        let answer = get(
            stage, "/topics?match=stocks/*", "Cookie: tide=\(Self.key)", "Origin: https://app.example")
        #expect(status(answer) == "200" && answer.contains("Access-Control-Allow-Credentials: true"))
    }

    // MARK: The first message

    private func waiting(_ change: (inout GatewayConfiguration) -> Void = { _ in }) throws -> FrontEndStage {
        let stage = try stage(change)
        #expect(status(get(stage, "/ws", Self.upgrade)) == "101")
        #expect(stage.work.statistics[.unauthenticated] == 1)
        return stage
    }

    @Test func takesNothingBeforeAuth() throws {
        let stage = try waiting()
        for message in [
            #"{"type":"subscribe","id":1,"topics":["stocks/A"]}"#, #"{"type":"pace","id":1,"maxRate":1}"#,
            #"{"type":"publish","id":1,"updates":[{"topic":"stocks/A","data":1}]}"#,
            #"{"type":"unsubscribe","id":1,"topics":["a"]}"#,
        ] {
            #expect(stage.receive(message: message).contains(#""id":1,"code":"unauthenticated""#))
            let kept = stage.work.publishing.count
            #expect(kept == 0)
        }
        #expect(stage.receive(message: #"{"type":"ping"}"#).contains("pong"))
        let answer = stage.receive(message: #"{"type":"auth","id":7,"token":"\#(Self.key)"}"#)
        #expect(answer.contains(#"{"type":"authenticated","id":7,"subject":"desk"}"#))
        #expect(stage.work.statistics[.unauthenticated] == 0)
        #expect(
            stage.receive(message: #"{"type":"subscribe","topics":["stocks/A"]}"#).contains("subscribed"))
        #expect(stage.pass(.seconds(60)).contains("1008") == false)
    }

    @Test func endsWhoDoesNotSayInTime() throws {
        let stage = try waiting()
        #expect(stage.frontEnd.deadline(stage.connection, stage.work) == stage.work.now + .seconds(5))
        #expect(stage.pass(.milliseconds(4999)) == "")
        let farewell = stage.pass(.milliseconds(1))
        #expect(farewell.contains(#""code":"unauthenticated""#) && farewell.contains("no auth came in time"))
    }

    /// A page may have another token than the first; who tries one after the other is sent away.
    @Test func mayTryAgainButNotForEver() throws {
        let stage = try waiting()
        func auth(_ token: String) -> String {
            stage.receive(message: #"{"type":"auth","id":1,"token":"\#(token)"}"#)
        }
        #expect(auth("tg_wrong").contains(#""id":1,"code":"unauthenticated""#))
        #expect(auth(Self.key).contains("authenticated"))
        let other = try waiting()
        for _ in 0..<10 {
            #expect(
                other.receive(message: #"{"type":"auth","token":"tg_wrong"}"#).contains("unauthenticated"))
        }
        let end = other.receive(message: #"{"type":"auth","token":"tg_wrong"}"#)
        #expect(end.contains(#""code":"rate_limited""#))
        #expect(other.receive(message: #"{"type":"auth","token":"\#(Self.key)"}"#) == "")
    }

    @Test func letsSoManyWait() throws {
        let stage = try stage { $0.access.waitingLimit = 0 }
        #expect(status(get(stage, "/ws", Self.upgrade)) == "503")
        #expect(status(get(stage, "/ws", bearer, Self.upgrade)) == "101")
    }

    // MARK: Refresh and expiry

    private func authenticated(_ rights: String, life: Int) throws -> FrontEndStage {
        let stage = try stage()
        let field = "Authorization: Bearer \(token(rights, life: life))"
        #expect(status(get(stage, "/ws", field, Self.upgrade)) == "101")
        return stage
    }

    private func auth(_ stage: FrontEndStage, _ token: String) -> String {
        let message = #"{"type":"auth","id":2,"token":"\#(token)"}"#
        if message.utf8.count < 126 { return stage.receive(message: message) }
        let payload = Array(message.utf8)
        let length = [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return stage.receive(bytes: [0x81, 0xFE] + length + [0, 0, 0, 0] + payload)
    }

    @Test func tellsThatItEndsAndEnds() throws {
        let stage = try authenticated(#"{"subscribe":["**"]}"#, life: 20)
        let told = #"{"type":"expiring","expires":\#(Self.time + 20)}"#
        #expect(!stage.pass(.milliseconds(17_999)).contains("expiring"))
        #expect(stage.pass(.milliseconds(1)).contains(told))
        #expect(!stage.pass(.seconds(1)).contains("expiring"))
        let end = stage.pass(.seconds(1))
        #expect(end.contains(#""code":"unauthenticated""#) && end.contains("expired"))
    }

    /// What is published in the moment of its end, before any timer comes, is not sent.
    @Test func sendsNothingAfterTheEnd() throws {
        let stage = try authenticated(#"{"subscribe":["a"],"publish":["a"]}"#, life: 100)
        _ = stage.receive(message: #"{"type":"subscribe","topics":["a"]}"#)
        _ = stage.flush()
        stage.clock.advance(by: .seconds(100))
        stage.work.beginTurn()
        let refused = stage.receive(message: #"{"type":"publish","id":1,"updates":[{"topic":"a","data":1}]}"#)
        #expect(refused.contains("unauthenticated"))
        var batch = UpdateBatch()
        try batch.append(topic: Array("a".utf8).span, data: Array("1".utf8).span)
        _ = try stage.sequencer.publish(batch, time: stage.work.time, at: stage.work.now)
        #expect(stage.flush() == "")
    }

    /// The same for an event stream and for a poll that waits.
    @Test func answersNothingAfterTheEnd() throws {
        let field = "Authorization: Bearer \(token(#"{"subscribe":["a"]}"#, life: 10))"
        var batch = UpdateBatch()
        for isStream in [true, false] {
            let stage = try stage()
            let cursor = try #require(member("cursor", of: get(stage, "/poll?topics=a&wait=0", field)))
            let question = isStream ? "/sse?topics=a" : "/poll?topics=a&wait=60&cursor=\(cursor)"
            _ = get(stage, question, field)
            _ = stage.flush()
            stage.clock.advance(by: .seconds(10))
            stage.work.beginTurn()
            try batch.append(topic: Array("a".utf8).span, data: Array("1".utf8).span)
            _ = try stage.sequencer.publish(batch, time: stage.work.time, at: stage.work.now)
            batch.removeAll()
            let answer = stage.flush()
            #expect(isStream ? answer == "" : status(answer) == "401")
        }
    }

    @Test func goesOnWithANewToken() throws {
        let stage = try authenticated(#"{"subscribe":["**"]}"#, life: 20)
        _ = stage.receive(message: #"{"type":"subscribe","topics":["a/**","b"]}"#)
        _ = stage.flush()
        _ = stage.pass(.seconds(19))
        let answer = auth(stage, token(#"{"subscribe":["**"]}"#, life: 300))
        #expect(answer.contains(#""subject":"ann","expires":\#(Self.time + 300)}"#))
        #expect(!stage.pass(.seconds(10)).contains("expired"))
        // A wrong one changes nothing.
        #expect(auth(stage, "a.b.c").contains("unauthenticated"))
        #expect(stage.receive(message: #"{"type":"ping"}"#).contains("pong"))
    }

    @Test func takesWhatNewRightsDoNotCover() throws {
        let stage = try authenticated(#"{"subscribe":["**"],"publish":["**"],"maxRate":9}"#, life: 100)
        let topics = #"["a/**","a/1","b","c/*","d"]"#
        _ = stage.receive(message: #"{"type":"subscribe","topics":\#(topics)}"#)
        _ = stage.flush()
        let answer = auth(stage, token(#"{"subscribe":["a/*","b","c/**"],"maxRate":2}"#, life: 300))
        let all = answer + stage.flush() + stage.flush()
        #expect(all.contains(#"{"type":"unsubscribed","topics":["a/**","d"],"code":"forbidden"}"#))
        let subscriber = try #require(stage.frontEnd.reader?.id)
        #expect(stage.work.replica.subscriptionCount(of: subscriber) == 3)
        #expect(stage.frontEnd.maximumRate == 2)
        #expect(stage.receive(message: #"{"type":"pace","maxRate":null}"#).contains(#""maxRate":2"#))
    }

    @Test func tellsEventStreamsAndPolls() throws {
        let stream = try stage()
        let field = "Authorization: Bearer \(token(#"{"subscribe":["a"]}"#, life: 100))"
        #expect(status(get(stream, "/sse?topics=a", field)) == "200")
        #expect(
            stream.pass(.seconds(90)).contains("event: expiring\ndata: {\"expires\":\(Self.time + 100)}\n\n"))
        #expect(stream.pass(.seconds(10)).contains("event: goodbye\ndata: {\"reason\":\"expired\""))
        let poll = try stage()
        let brief = "Authorization: Bearer \(token(#"{"subscribe":["a"]}"#, life: 10))"
        let first = get(poll, "/poll?topics=a&wait=0", brief)
        let cursor = try #require(member("cursor", of: first))
        #expect(get(poll, "/poll?topics=a&cursor=\(cursor)&wait=60", brief) == "")
        _ = poll.flush()
        #expect(status(poll.pass(.seconds(10))) == "401")
    }
}
