import Access
import Broker
import HTTP
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// Tickets that any node redeems: what the nodes have in common is kept here, and answers when the test says so.
@Suite struct SharedTicketTests {
    final class NoteLog: UpdateLog {
        private struct State {
            var notes: [String: [UInt8]] = [:]
            var waiting: [(request: NoteRequest, ticket: NoteTicket)] = []
            var isFull = false
            var askedCount = 0
        }
        private let state = Mutex(State())
        let refusal: PublishFailure? = nil
        let isShared = true

        func publish(
            _ batch: borrowing UpdateBatch, time: UnixTime, at _: Instant, for _: PublishTicket?
        ) throws(PublishFailure) -> Publication {
            .done(PublishOutcome(accepted: batch.count, lastVersion: nil, time: time))
        }

        func ask(_ request: NoteRequest, until _: Instant, for ticket: NoteTicket) -> Bool {
            state.withLock { state in
                guard !state.isFull else { return false }
                state.waiting.append((request, ticket))
                state.askedCount += 1
                return true
            }
        }

        var isFull: Bool {
            get { state.withLock { $0.isFull } }
            set { state.withLock { $0.isFull = newValue } }
        }
        var askedCount: Int { state.withLock { $0.askedCount } }
        var names: [String] { state.withLock { Array($0.notes.keys) } }

        /// Carries out what waits, or says that it could not be.
        func carryOut(failing: Bool = false) {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for (request, ticket) in waiting {
                let outcome: NoteOutcome = state.withLock { state in
                    if failing { return .unavailable }
                    switch request {
                    case .leave(let name, let content, _):
                        state.notes[name] = content
                        return .left
                    case .take(let name):
                        return state.notes.removeValue(forKey: name).map { .taken($0) } ?? .missing
                    }
                }
                ticket.receiver.received(outcome, for: ticket.number)
            }
        }
    }

    private static let (key, hash) = AccessKey.make()
    private static let bearer = "Authorization: Bearer \(key)"
    private static let upgrade =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    private let log = NoteLog()

    private func node(_ change: (inout GatewayConfiguration) -> Void = { _ in }) throws -> FrontEndStage {
        var rights = Rights()
        rights.subscribe = .within([try TopicPattern("stocks/**")])
        return FrontEndStage(updates: log, rights: Rights(), peer: "192.0.2.1:4711") { configuration in
            configuration.access.credentials = Credentials(anonymous: Rights())
            configuration.access.credentials.keys = [
                AccessKey(name: "desk", hash: Self.hash, addresses: [], rights: rights)
            ]
            change(&configuration)
        }
    }

    private func post(_ stage: FrontEndStage, _ body: String = "") -> String {
        stage.receive(
            "POST /tickets HTTP/1.1\r\nHost: x\r\n\(Self.bearer)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    private func get(_ stage: FrontEndStage, _ target: String, _ field: String = "X: y") -> String {
        stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\(field)\r\n\r\n")
    }

    private func status(_ answer: String) -> String { String(answer.dropFirst("HTTP/1.1 ".count).prefix(3)) }

    private func ticket(in answer: String) -> String? {
        guard let start = answer.firstRange(of: "\"ticket\":\"")?.upperBound else { return nil }
        return String(answer[start...].prefix { $0 != "\"" })
    }

    /// What the stage says when the log has answered.
    private func settled(_ stage: FrontEndStage, failing: Bool = false) -> String {
        log.carryOut(failing: failing)
        return stage.deliver()
    }

    private func newTicket(_ stage: FrontEndStage) throws -> String {
        #expect(post(stage) == "")
        let answer = settled(stage)
        #expect(status(answer) == "200" && answer.contains("\"expires\":1764000031}"), "\(answer)")
        return try #require(ticket(in: answer))
    }

    // MARK: Once

    @Test func anotherNodeRedeemsIt() throws {
        let (one, other) = (try node(), try node())
        let ticket = try newTicket(one)
        #expect(!log.names.contains { $0.contains(ticket) })
        #expect(get(other, "/ws?topics=stocks/A&ticket=\(ticket)", Self.upgrade) == "")
        #expect(!other.frontEnd.isReading && other.frontEnd.heldByteCount > 0)
        #expect(other.connection.principal.isAnonymous)
        #expect(status(settled(other)) == "101")
        #expect(other.connection.principal.name == "desk" && other.connection.principal.proof == .ticket)
        // Where it was made it is spent as well.
        #expect(get(one, "/sse?topics=stocks/A&ticket=\(ticket)") == "")
        #expect(status(settled(one)) == "401" && one.work.tickets.count == 0)
    }

    @Test func rightsHoldThere() throws {
        let (one, other) = (try node(), try node())
        let ticket = try newTicket(one)
        #expect(get(other, "/poll?topics=fx/A&wait=0&ticket=\(ticket)") == "")
        #expect(status(settled(other)) == "403")
    }

    /// As at the node that made it, so at others: what is taken away is gone.
    @Test func aKeyThatIsGoneTakesItAlong() throws {
        let one = try node()
        let other = try node {
            $0.access.credentials.keys = [
                AccessKey(name: "desk", hash: AccessKey.make().hash, addresses: [], rights: .all)
            ]
        }
        let ticket = try newTicket(one)
        #expect(get(other, "/sse?topics=stocks/A&ticket=\(ticket)") == "")
        #expect(status(settled(other)) == "401")
    }

    @Test func aPollIsAnsweredWithTheNext() throws {
        let (one, other) = (try node(), try node())
        let ticket = try newTicket(one)
        #expect(get(other, "/poll?topics=stocks/A&wait=0&ticket=\(ticket)") == "")
        // Who asks is known; then the next one is left.
        #expect(settled(other) == "" && other.frontEnd.heldByteCount > 0)
        #expect(other.flush() == "")
        let answer = settled(other)
        #expect(status(answer) == "200")
        let next = try #require(self.ticket(in: answer))
        #expect(next != ticket && other.work.tickets.count == 0)
        #expect(get(one, "/sse?topics=stocks/A&ticket=\(next)") == "")
        #expect(settled(one).hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test func aPollIsAnsweredWithoutANextWhereNoneCanBeLeft() throws {
        for isLate in [false, true] {
            let stage = try node()
            let ticket = try newTicket(stage)
            #expect(get(stage, "/poll?topics=stocks/A&wait=0&ticket=\(ticket)") == "")
            #expect(settled(stage) == "")
            let answer = isLate ? stage.pass(.seconds(2)) : settled(stage, failing: true)
            #expect(status(answer) == "200" && self.ticket(in: answer) == nil, "\(answer)")
            #expect(answer.hasSuffix("\"updates\":[]}\n") && stage.work.tickets.count == 0)
        }
    }

    /// The answer that waits for its ticket is nobody's any more when its principal is.
    @Test func aHeldAnswerIsNotGivenToWhoIsNobody() throws {
        let stage = try node()
        let ticket = try newTicket(stage)
        #expect(get(stage, "/poll?topics=stocks/A&wait=0&ticket=\(ticket)") == "")
        #expect(settled(stage) == "")
        stage.work.withdraw(stage.connection)
        #expect(status(settled(stage)) == "401")
    }

    // MARK: While it can't be told

    @Test func fallsClosed() throws {
        let stage = try node()
        #expect(post(stage) == "")
        let refused = settled(stage, failing: true)
        #expect(
            status(refused) == "503" && refused.contains("Retry-After: 1")
                && refused.contains("\"overloaded\""))
        let ticket = try newTicket(stage)
        #expect(get(stage, "/ws?topics=stocks/A&ticket=\(ticket)", Self.upgrade) == "")
        let away = settled(stage, failing: true)
        #expect(status(away) == "503" && away.contains("Retry-After: 1") && away.contains("\"overloaded\""))
        #expect(get(stage, "/sse?topics=stocks/A&ticket=\(ticket)") == "")
        #expect(settled(stage, failing: true).contains("event: goodbye"))
        // It was not spent.
        #expect(get(stage, "/sse?topics=stocks/A&ticket=\(ticket)") == "")
        #expect(status(settled(stage)) == "200")
    }

    @Test func nobodyWaitsForLong() throws {
        let stage = try node()
        #expect(post(stage) == "" && stage.pass(.milliseconds(1999)) == "")
        #expect(status(stage.pass(.milliseconds(1))) == "503")
        let unknown = String(repeating: "x", count: 32)
        #expect(get(stage, "/poll?topics=stocks/A&ticket=\(unknown)") == "")
        #expect(stage.pass(.milliseconds(1999)) == "")
        #expect(status(stage.pass(.milliseconds(1))) == "503" && stage.work.tickets.count == 0)
        // What comes later is for nobody.
        #expect(settled(stage) == "")
    }

    @Test func noMoreWaitThanMay() throws {
        let stage = try node()
        log.isFull = true
        #expect(post(stage) == "" && status(stage.deliver()) == "503")
        #expect(
            status(get(stage, "/poll?topics=stocks/A&ticket=\(String(repeating: "x", count: 32))")) == "503")
        #expect(stage.work.tickets.count == 0)
    }

    /// No more are under way than there is room for; those that are over make room.
    @Test func noMoreAreUnderWayThanMay() throws {
        let tickets = AccessTickets()
        let now = Instant(nanoseconds: 1 << 61)
        for _ in 0..<64 { #expect(tickets.admit(sharedByteCount: 1 << 20, at: now)) }
        #expect(!tickets.admit(sharedByteCount: 1, at: now + .milliseconds(29_999)))
        #expect(tickets.admit(sharedByteCount: 1 << 20, at: now + .seconds(30)))
        let many = AccessTickets()
        for _ in 0..<100_000 { #expect(many.admit(sharedByteCount: 1, at: now)) }
        #expect(!many.admit(sharedByteCount: 1, at: now))
    }

    // MARK: Strangers

    @Test func whatIsNoTicketIsNotAskedAbout() throws {
        let stage = try node()
        for text in ["", "x", String(repeating: "x", count: 31), String(repeating: "%2B", count: 32)] {
            #expect(status(get(stage, "/sse?topics=stocks/A&ticket=\(text)")) == "401")
        }
        #expect(log.askedCount == 0)
    }

    @Test func whoIsWrongTooOftenIsNotAskedAbout() throws {
        let stage = try node { $0.access.failureRate = 3 }
        for number in 0..<3 {
            #expect(get(stage, "/sse?topics=a&ticket=\(String(repeating: "\(number)", count: 32))") == "")
            #expect(status(settled(stage)) == "401")
        }
        #expect(status(get(stage, "/sse?topics=a&ticket=\(String(repeating: "x", count: 32))")) == "429")
        #expect(log.askedCount == 3)
    }

    @Test func aPeerThatLeavesIsForgotten() throws {
        let stage = try node()
        let ticket = try newTicket(stage)
        #expect(get(stage, "/poll?topics=stocks/A&ticket=\(ticket)") == "")
        stage.frontEnd.ended(stage.work)
        #expect(stage.work.tickets.count == 0 && settled(stage) == "")
        let next = try newTicket(stage)
        #expect(get(stage, "/poll?topics=stocks/A&wait=0&ticket=\(next)") == "" && settled(stage) == "")
        stage.frontEnd.ended(stage.work)
        #expect(stage.work.tickets.count == 0)
    }
}
