import Access
import Broker
import HTTP
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// Requests of which a backend says who makes them, without a backend: the test answers.
@Suite struct BackendTests {
    private static let (key, hash) = AccessKey.make()
    private static let secret = [UInt8](repeating: 9, count: 32)
    private static let maker = TokenMaker(.secret(secret))
    private static let time = 1_764_000_001

    private static func settings(_ fields: [String] = ["Cookie", "Authorization"]) throws -> BackendSettings {
        BackendSettings(url: try #require(WebURL("http://backend.example/who")), fields: fields)
    }

    /// Strangers may read `public/*`. `knows`: there are a key and an issuer, too.
    private func stage(
        _ fields: [String] = ["Cookie", "Authorization"], knows: Bool = false,
        _ change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws -> FrontEndStage {
        var stranger = Rights()
        stranger.subscribe = .within([try TopicPattern("public/*")])
        let settings = try Self.settings(fields)
        let secret = try #require(VerifyingKey(secret: Self.secret))
        return FrontEndStage(rights: Rights(), peer: "192.0.2.1:4711") { configuration in
            configuration.access.credentials = Credentials(anonymous: stranger)
            configuration.access.backend = settings
            if knows {
                configuration.access.credentials.keys = [
                    AccessKey(name: "desk", hash: Self.hash, addresses: [], rights: .all)
                ]
                configuration.access.credentials.issuers = [
                    Issuer(name: "us", algorithms: [.hs256], keys: [secret])
                ]
            }
            change(&configuration)
        }
    }

    private func get(_ stage: FrontEndStage, _ target: String, _ fields: String...) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
    }

    private func status(_ answer: String) -> String { String(answer.dropFirst("HTTP/1.1 ".count).prefix(3)) }

    private func desk(_ stage: FrontEndStage) -> BackendDesk { stage.work.shared.backend }

    /// Lets the backend answer the question at hand, and returns what the client is then told.
    private func answer(_ stage: FrontEndStage, _ status: Int, _ text: String = "") throws -> String {
        let question = try #require(desk(stage).take())
        let answer = BackendAnswer(
            status: status, Array(text.utf8), restingOn: question.basis, at: stage.work.time, stage.work.now)
        desk(stage).answer(question, answer, at: stage.work.now)
        return stage.deliver()
    }

    private func ann(_ rights: String = #""subscribe":["a/*"]"#, life: Int = 600) -> String {
        #"{"subject":"ann","expires":\#(Self.time + life),\#(rights)}"#
    }

    private static let bearer = "Authorization: Bearer opaque"

    // MARK: Waiting

    @Test func aRequestWaitsForItsAnswer() throws {
        let stage = try stage()
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        #expect(!stage.frontEnd.isReading && stage.frontEnd.heldByteCount > 0)
        #expect(status(try answer(stage, 200, ann())) == "200")
        #expect(stage.connection.principal.name == "ann" && stage.frontEnd.isReading)
        // The next one is answered by what was said.
        #expect(status(get(stage, "/topics?match=a/*", Self.bearer)) == "200")
        #expect(status(get(stage, "/topics?match=b/*", Self.bearer)) == "403")
        #expect(desk(stage).take() == nil && desk(stage).rememberedCount.now == 2)
        // Each request shows its own.
        #expect(status(get(stage, "/topics?match=a/*")) == "401")
        #expect(status(get(stage, "/topics?match=public/*")) == "200")
    }

    @Test func whatIsSaidEnds() throws {
        let stage = try stage { $0.access.backend?.memory = .seconds(30) }
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        _ = try answer(stage, 200, ann())
        _ = stage.pass(.seconds(29))
        #expect(status(get(stage, "/topics?match=a/*", Self.bearer)) == "200")
        _ = stage.pass(.seconds(2))
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        // And no later than it says itself.
        #expect(status(try answer(stage, 200, ann(life: 40))) == "200")
        _ = stage.pass(.seconds(10))
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        #expect(status(try answer(stage, 200, ann(life: 20))) == "503")
    }

    @Test func aReaderEndsWithWhatWasSaid() throws {
        let stage = try stage()
        #expect(get(stage, "/sse?topics=a/*", Self.bearer) == "")
        #expect(try answer(stage, 200, ann(life: 100)).hasPrefix("HTTP/1.1 200 OK"))
        #expect(stage.pass(.seconds(91)).contains("event: expiring"))
        let end = stage.pass(.seconds(10))
        #expect(end.contains("event: goodbye") && end.contains("expired"))
    }

    @Test func theDeadlineIsOurs() throws {
        let stage = try stage()
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        #expect(stage.frontEnd.deadline(stage.connection, stage.work) == stage.work.now + .seconds(2))
        #expect(stage.pass(.milliseconds(1900)) == "")
        let late = stage.pass(.milliseconds(100))
        #expect(status(late) == "503" && late.contains("Retry-After: ") && stage.work.tickets.count == 0)
        // What comes later is for nobody, but remembered.
        #expect(try answer(stage, 200, ann()) == "")
        #expect(status(get(stage, "/topics?match=a/*", Self.bearer)) == "200")
    }

    @Test func aRefusedBodyEndsTheConnection() throws {
        let stage = try stage()
        let request = "PUT /topics/a/x HTTP/1.1\r\nHost: x\r\n\(Self.bearer)\r\nContent-Length: 1\r\n\r\n"
        #expect(stage.receive(request + "5") == "")
        #expect(
            try answer(stage, 401).contains("Connection: close") && stage.connection.endReason == .refused)
    }

    @Test func aPeerThatLeavesIsForgotten() throws {
        let stage = try stage()
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        stage.frontEnd.ended(stage.work)
        #expect(stage.work.tickets.count == 0)
        #expect(try answer(stage, 200, ann()) == "")
    }

    @Test func aDrainAnswersWhoWaits() throws {
        let stage = try stage()
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        stage.work.shared.drain.begin()
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        #expect(stage.said().contains("\"code\":\"draining\""))
    }

    /// A backend that is another by now has no say.
    @Test func anAnswerOfAFormerBackendCountsForNothing() throws {
        let stage = try stage()
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        var settings = stage.work.configuration
        settings.access.backend = BackendSettings(url: try #require(WebURL("http://other.example/")))
        stage.work.take(settings)
        #expect(status(try answer(stage, 200, ann())) == "503")
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
    }

    // MARK: Many

    @Test func theSameFieldsAreOneQuestion() throws {
        let stage = try stage()
        let desk = desk(stage)
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
        let question = try #require(BackendQuestion(of: head(Self.bearer), to: Self.settings(), at: .never))
        #expect(desk.ask(question, for: 77, at: stage.work.mailbox, now: stage.work.now))
        #expect(status(try answer(stage, 200, ann())) == "200")
        #expect(desk.take() == nil)
        // Whoever asks as the answer comes is answered as well.
        #expect(desk.ask(question, for: 78, at: stage.work.mailbox, now: stage.work.now))
        #expect(desk.take() == nil && stage.work.mailbox.take().count == 1)
    }

    @Test func noMoreWaitThanMay() throws {
        let stage = try stage()
        let question = try #require(BackendQuestion(of: head("Cookie: a"), to: Self.settings(), at: .never))
        for ticket in 0..<UInt64(BackendDesk.askerLimit) {
            #expect(
                desk(stage).ask(question, for: 1000 + ticket, at: stage.work.mailbox, now: stage.work.now))
        }
        #expect(status(get(stage, "/topics?match=a/*", Self.bearer)) == "503")
        #expect(stage.work.tickets.count == 0)
        _ = try answer(stage, 401)
        #expect(get(stage, "/topics?match=a/*", Self.bearer) == "")
    }

    private func head(_ fields: String...) throws -> RequestHead {
        var parser = RequestParser(limits: RequestLimits())
        let text = "GET / HTTP/1.1\r\nHost: x\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n"
        return try #require(try parser.parse(Array(text.utf8).span)).head
    }

    /// Two lists of fields are one question only if they are the same.
    @Test func aDigestTellsFieldsApart() throws {
        let settings = try Self.settings(["A", "B"])
        let lists = [
            ["A: 1", "B: 2"], ["A: 1", "A: 2"], ["A: 1B:1:2"], ["A: 12"], ["B: 12"], ["A: 1"],
            ["A: 1", "B:"],
            ["A: 1, 2"], ["A:"], ["B:"], ["A: 1B2"],
        ]
        var digests: Set<Digest> = []
        for list in lists {
            let text = "GET / HTTP/1.1\r\nHost: x\r\n\(list.map { $0 + "\r\n" }.joined())\r\n"
            var parser = RequestParser(limits: RequestLimits())
            let head = try #require(try parser.parse(Array(text.utf8).span)).head
            digests.insert(try #require(BackendQuestion(of: head, to: settings, at: .never)).digest)
        }
        #expect(digests.count == lists.count)
        let same = try head("x: y", "a: 1", "b: 2")
        #expect(digests.contains(try #require(BackendQuestion(of: same, to: settings, at: .never)).digest))
        #expect(try BackendQuestion(of: head("C: 1"), to: settings, at: .never) == nil)
    }

    // MARK: What stands first

    @Test func whatIsKnownHereIsNotAsked() throws {
        let stage = try stage(knows: true)
        let claims = #"{"iss":"us","sub":"bob","exp":\#(Self.time + 60),"tidegate":{"subscribe":["a/*"]}}"#
        let token = Self.maker.token("HS256", claims)
        for field in ["Authorization: Bearer \(Self.key)", "Authorization: Bearer \(token)"] {
            #expect(status(get(stage, "/topics?match=a/*", field, "Cookie: s=1")) == "200")
        }
        // A token of an issuer here that is wrong is wrong.
        #expect(status(get(stage, "/topics?match=a/*", "Authorization: Bearer \(token)x")) == "401")
        #expect(desk(stage).take() == nil)
        // What nobody here has made is somebody else's.
        for value in [
            "Bearer opaque", "Bearer a.b.c", "Bearer \(Self.maker.token("HS256", "{}"))", "Digest x",
        ] {
            #expect(get(stage, "/topics?match=a/*", "Authorization: \(value)") == "")
            #expect(status(try answer(stage, 200, ann())) == "200")
        }
    }

    @Test func itIsShownItsFieldsAlone() throws {
        let stage = try stage(["X-Session"], knows: true)
        #expect(status(get(stage, "/topics?match=a/*", Self.bearer)) == "401")
        #expect(status(get(stage, "/topics?match=public/*", "Cookie: s=1")) == "200")
        #expect(desk(stage).take() == nil)
        #expect(get(stage, "/topics?match=a/*", "x-session: 1", "X-SESSION: 2", "Cookie: s=1") == "")
        let question = try #require(desk(stage).take())
        #expect(question.fields.map(\.name) == ["X-Session", "X-Session"])
        #expect(question.fields.map(\.value) == [Array("1".utf8), Array("2".utf8)])
    }

    @Test func aCookieNeedsAnOrigin() throws {
        let stage = try stage()
        let upgrade =
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        #expect(status(get(stage, "/ws", upgrade, "Cookie: s=1")) == "403")
        #expect(status(get(stage, "/topics?match=a/*", "Cookie: s=1", Self.bearer)) == "403")
        #expect(desk(stage).take() == nil)
        #expect(get(stage, "/ws", upgrade, "Cookie: s=1", "Origin: http://x") == "")
        _ = try answer(stage, 200, ann())
        #expect(stage.work.actions.successor is WebSocketFrontEnd)
    }

    @Test func tooMuchIsNotShown() throws {
        let stage = try stage()
        let long = String(repeating: "x", count: BackendQuestion.byteCountLimit)
        #expect(status(get(stage, "/topics?match=a/*", "Authorization: Bearer \(long)")) == "431")
        #expect(desk(stage).take() == nil)
    }

    /// Each question costs a request: who is wrong again and again is not asked about any more.
    @Test func whoIsWrongTooOftenWaits() throws {
        let stage = try stage { $0.access.failureRate = 3 }
        for number in 0..<3 {
            #expect(get(stage, "/topics?match=a/*", "Authorization: Bearer wrong-\(number)") == "")
            #expect(status(try answer(stage, number == 1 ? 403 : 401)) == (number == 1 ? "403" : "401"))
        }
        #expect(status(get(stage, "/topics?match=a/*", "Authorization: Bearer wrong-4")) == "429")
        #expect(desk(stage).take() == nil)
    }
}
