import Broker
import Primitives
import RESP
import Testing

@testable import Cluster

/// Notes in a real server.
extension RedisLogTests {
    private static func leave(_ name: String, _ content: [UInt8] = [1], milliseconds: Int = 30_000)
        -> NoteRequest
    {
        .leave(name: name, content: content, milliseconds: milliseconds)
    }

    @Test func aNoteIsTakenOnce() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        for log in [one, other] { _ = try log.join(Self.offer("e1"), takingOver: false) }
        let every = (0...255).map { UInt8($0) }
        #expect(
            try one.exchange([.take(name: "a"), Self.leave("a", every), Self.leave("b", [])], in: "e1")
                .outcomes
                == [.missing, .left, .left])
        let connection = try RedisConnectionTests.open(server)
        let rest = try connection.ask("PTTL", "{tg}:ticket:a", by: RedisConnectionTests.soon).number ?? 0
        #expect(rest > 0 && rest <= 30_000)
        #expect(
            try other.exchange([.take(name: "b"), .take(name: "a"), .take(name: "a")], in: "e1").outcomes
                == [.taken([]), .taken(every), .missing])
        #expect(
            try one.exchange([.take(name: "a"), .take(name: "b")], in: "e1").outcomes == [.missing, .missing])
        let keys = try connection.ask(
            "EXISTS", "{tg}:ticket:a", "{tg}:ticket:b", by: RedisConnectionTests.soon)
        #expect(keys == .integer(0))
    }

    /// What a server did before it lost its end is forgotten: a note that was taken then is there again, and must not be.
    @Test func aNoteOfAnotherEpochIsNone() throws {
        let server = try RedisServer(["appendonly yes", "appendfsync always"])
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: false)
        #expect(try log.exchange([Self.leave("a"), Self.leave("b")], in: "e1").outcomes == [.left, .left])
        try server.restart()
        let lost = Self.failure { () throws(SharedLogFailure) in
            _ = try log.exchange([.take(name: "a")], in: "e1")
        }
        guard case .lost = lost else {
            Issue.record("not lost: \(String(describing: lost))")
            return
        }
        #expect(try log.join(Self.offer("e2"), takingOver: false).epoch == "e2")
        #expect(try log.exchange([.take(name: "a")], in: "e2").outcomes == [.missing])
        let late = Self.failure { () throws(SharedLogFailure) in
            _ = try log.exchange([.take(name: "b")], in: "e1")
        }
        #expect(late == .superseded)
    }

    @Test func aFullServerLetsTake() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: false)
        #expect(try log.exchange([Self.leave("a")], in: "e1").outcomes == [.left])
        try Self.ask(server, ["CONFIG", "SET", "maxmemory", "1"])
        #expect(
            try log.exchange([Self.leave("b"), .take(name: "a")], in: "e1").outcomes == [
                .unavailable, .taken([1]),
            ])
    }

    /// Rights that were enough before there were notes: the lane lives on.
    @Test func whoMayNotTakeIsToldSo() throws {
        let server = try RedisServer(["user default on nopass ~* &* +@all -getdel"])
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: false)
        let exchange = try log.exchange([Self.leave("a"), .take(name: "a")], in: "e1")
        #expect(exchange.outcomes == [.left, .unavailable])
        #expect(exchange.refusal?.contains("getdel") == true, "\(String(describing: exchange.refusal))")
        #expect(try log.read(after: 0).count == 1)
    }
}
