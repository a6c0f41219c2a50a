import Access
import Broker
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// What settings that change do to who is there already.
@Suite struct ReviewTests {
    private static let time = 1_764_000_001

    private func issuing(_ secret: UInt8) throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.access.hosts = []
        configuration.access.credentials = Credentials(anonymous: Rights())
        let key = try #require(VerifyingKey(secret: [UInt8](repeating: secret, count: 32)))
        configuration.access.credentials.issuers = [Issuer(name: nil, algorithms: [.hs256], keys: [key])]
        return configuration
    }

    private func webSocket(_ stage: FrontEndStage) {
        stage.receive(
            "GET /ws?topics=a/* HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        stage.follow()
        _ = stage.flush()
    }

    private func publish(_ topic: String, _ stage: FrontEndStage) throws {
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: [UInt8(ascii: "1")].span)
        try stage.sequencer.publish(batch, time: .now(), at: stage.clock.now)
    }

    @Test func whatWasVerifiedIsForgotten() throws {
        let first = try issuing(1)
        let stage = FrontEndStage(rights: Rights()) { $0.access = first.access }
        let maker = TokenMaker(.secret([UInt8](repeating: 1, count: 32)))
        let token = maker.token(
            "HS256", #"{"exp":\#(Self.time + 600),"tidegate":{"subscribe":["**"]}}"#)
        func status() -> String {
            let answer = stage.receive(
                "GET /topics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n")
            return String(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
        }
        #expect(status() == "200")
        stage.work.take(try issuing(2))
        #expect(status() == "401")
        stage.work.take(try issuing(1))
        #expect(status() == "200")
    }

    /// At once it is sent nothing and may do nothing; it is told so when its time comes.
    @Test func whoIsWithdrawnIsToldSoLater() throws {
        let stage = FrontEndStage()
        webSocket(stage)
        try publish("a/x", stage)
        #expect(stage.flush().contains("a/x"))
        stage.work.withdraw(stage.connection)
        try publish("a/y", stage)
        #expect(stage.flush().isEmpty)
        let refused = stage.receive(message: #"{"type":"publish","id":1,"updates":[{"topic":"b","data":1}]}"#)
        #expect(refused.contains(#""id":1,"code":"unauthenticated""#))
        let farewell = stage.connection.principal.farewell
        #expect(farewell > stage.clock.now && farewell <= stage.clock.now + .seconds(3))
        #expect(stage.frontEnd.deadline(stage.connection, stage.work) == farewell)
        #expect(stage.pass(farewell.since(stage.clock.now) - .milliseconds(1)).isEmpty)
        let told = stage.pass(.milliseconds(1))
        #expect(told.contains(#""code":"unauthenticated""#) && told.contains("withdrawn"))
    }

    /// A reload that comes while the one before is carried out takes nothing back, and all that goes is told once.
    @Test func rightsMayShrinkTwice() throws {
        let stage = FrontEndStage()
        stage.receive(
            "GET /ws?topics=a/*,b/*,c/* HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        stage.follow()
        _ = stage.flush()
        for patterns in [["a/*", "b/*"], ["a/*"]] {
            var rights = Rights()
            rights.subscribe = Rights.Scope(try patterns.map { try TopicPattern($0) })
            stage.connection.principal = Principal(name: "ann", rights: rights, proof: .key)
            stage.frontEnd.principalChanged(stage.connection, stage.work)
        }
        var told = stage.said()
        for _ in 0..<3 { told += stage.flush() }
        #expect(told.contains("\"b/*\"") && told.contains("\"c/*\"") && !told.contains("\"a/*\""))
        let subscriber = try #require(stage.frontEnd.reader?.id)
        #expect(stage.work.replica.subscriptionCount(of: subscriber) == 1)
        try publish("b/x", stage)
        try publish("a/x", stage)
        let sent = stage.flush()
        #expect(sent.contains("a/x") && !sent.contains("b/x"))
    }

    @Test func allThatHaveAskedAreAnsweredByOneReload() {
        let desk = ReloadDesk()
        let mailboxes = (0..<3).map { _ in Mailbox {} }
        for (number, mailbox) in mailboxes.enumerated() { desk.ask(for: UInt64(number), at: mailbox) }
        desk.ask()
        var count = 0
        desk.serve {
            count += 1
            desk.close()
            return .refused("it is a test")
        }
        #expect(count == 1 && desk.refusedCount.load(ordering: .relaxed) == 1)
        for (number, mailbox) in mailboxes.enumerated() {
            let mail = mailbox.take()
            guard mail.count == 1, case .answer(.reloaded(.refused), UInt64(number)) = mail[0] else {
                Issue.record("\(mail)")
                continue
            }
        }
    }
}
