import Primitives
import RESP
import TestSupport
import Testing
import Transport

@testable import Cluster

/// The scripts and keys, against real servers.
@Suite(.enabled(if: RedisServer.isInstalled, RedisServer.absence))
struct RedisLogTests {
    static func log(_ server: RedisServer) throws -> RedisLog {
        try RedisLog(
            RedisURL("redis://127.0.0.1:\(server.port)/0"), prefix: "tg", trusting: .system)
    }

    static func offer(
        _ epoch: String, node: String = "a", process: String = "p1", isAfresh: Bool = false
    ) -> JoinOffer {
        JoinOffer(
            node: node, process: process, epoch: epoch, first: Array("first".utf8), next: Array("next".utf8),
            isAfresh: isAfresh)
    }

    static func failure(_ body: () throws(SharedLogFailure) -> Void) -> SharedLogFailure? {
        do throws(SharedLogFailure) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    static func ask(_ server: RedisServer, _ words: RESPWords) throws {
        let connection = try RedisConnectionTests.open(server)
        _ = try connection.ask(words.map { .text($0) }, by: RedisConnectionTests.soon)
    }

    typealias RESPWords = [String]

    // MARK: Records

    @Test func beginsWhereThereIsNothing() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        let head = try one.join(Self.offer("e1"), takingOver: false)
        #expect(head == LogHead(epoch: "e1", position: 1, former: [], checkpoint: nil, ownNumber: 0))
        // Who comes second finds what the first began.
        #expect(try other.join(Self.offer("e2", node: "b"), takingOver: false) == head)
        let records = try other.read(after: 0)
        #expect(records.map(\.position) == [1])
        #expect(records[0].bytes == Array("first".utf8) && records[0].process.isEmpty)
    }

    @Test func recordsComeBackAsTheyWere() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        let every = (0...255).map { UInt8($0) }
        #expect(try log.append(every, number: 1, in: "e1") == 2)
        #expect(try log.append([], number: 2, in: "e1") == 3)
        let records = try log.read(after: 1)
        #expect(records.map(\.position) == [2, 3])
        #expect(records.map(\.number) == [1, 2] && records.map(\.process) == ["p1", "p1"])
        #expect(records.map(\.bytes) == [every, []])
        #expect(try log.join(Self.offer("e9"), takingOver: false).ownNumber == 2)
        #expect(try log.join(Self.offer("e9", process: "p2"), takingOver: false).ownNumber == 0)
    }

    /// Who has read short records for long asks for many, and then there are more bytes than one reply may have.
    @Test func whoIsFarBehindComesToReadLongRecords() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        let long = [UInt8](repeating: 7, count: 4 << 20)
        for number in 1...UInt64(20) { _ = try log.append(long, number: number, in: "e1") }
        var (position, failureCount) = (UInt64(1), 0)
        while position < 21, failureCount < 5 {
            do throws(SharedLogFailure) {
                let records = try log.read(after: position)
                #expect(records.allSatisfy { $0.bytes.count == long.count })
                position = records.last?.position ?? 99
            } catch {
                failureCount += 1
                _ = try log.join(Self.offer("e1"), takingOver: false)
            }
        }
        #expect(position == 21 && failureCount > 0)
    }

    @Test func onlyTheLastConnectionAppendsAsANode() throws {
        let server = try RedisServer()
        let (former, next) = (try Self.log(server), try Self.log(server))
        _ = try former.join(Self.offer("e1"), takingOver: true)
        _ = try former.append([1], number: 1, in: "e1")
        #expect(try next.join(Self.offer("e1"), takingOver: true).ownNumber == 1)
        let late = Self.failure { () throws(SharedLogFailure) in
            _ = try former.append([2], number: 2, in: "e1")
        }
        #expect(late == .superseded)
        #expect(try next.append([3], number: 2, in: "e1") == 3)
        // Neither twice, nor with one left out, nor in an epoch that is over.
        for (number, epoch) in [(2, "e1"), (4, "e1"), (3, "e0")] {
            let refused = Self.failure { () throws(SharedLogFailure) in
                _ = try next.append([4], number: UInt64(number), in: epoch)
            }
            #expect(refused == .superseded)
        }
        #expect(try next.read(after: 1).map(\.bytes) == [[1], [3]])
    }

    // MARK: Epochs

    @Test func anotherProcessOfTheServerBeginsAnEpoch() throws {
        let folder = try RedisServer(["appendonly yes", "appendfsync always"])
        let log = try Self.log(folder)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        _ = try log.append([1], number: 1, in: "e1")
        try folder.restart()
        let lost = Self.failure { () throws(SharedLogFailure) in _ = try log.append([2], number: 2, in: "e1")
        }
        guard case .lost = lost else {
            Issue.record("not lost: \(String(describing: lost))")
            return
        }
        let head = try log.join(Self.offer("e2"), takingOver: true)
        #expect(
            head
                == LogHead(
                    epoch: "e2", position: 3, former: [.init(epoch: "e1", survived: 2)], checkpoint: nil,
                    ownNumber: 1))
        #expect(try log.append([2], number: 2, in: "e2") == 4)
        #expect(try log.read(after: 2).map(\.bytes) == [Array("next".utf8), [2]])
    }

    @Test func aLogThatSomebodyHasDeletedBeginsAnew() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        _ = try log.append([1], number: 1, in: "e1")
        try Self.ask(server, ["DEL", "{tg}:meta"])
        let refused = Self.failure { () throws(SharedLogFailure) in
            _ = try log.append([2], number: 2, in: "e1")
        }
        #expect(refused == .superseded)
        let head = try log.join(Self.offer("e2"), takingOver: true)
        #expect(head == LogHead(epoch: "e2", position: 1, former: [], checkpoint: nil, ownNumber: 0))
        #expect(try log.read(after: 0).map(\.bytes) == [Array("first".utf8)])
    }

    /// The new log comes to the place where the reader of the old one waits.
    @Test func whoReadsIsToldThatTheLogHasBegunAnew() throws {
        let server = try RedisServer()
        let (reader, writer) = (try Self.log(server), try Self.log(server))
        _ = try reader.join(Self.offer("e1"), takingOver: false)
        _ = try writer.join(Self.offer("e1", node: "b"), takingOver: true)
        _ = try writer.append([1], number: 1, in: "e1")
        try Self.ask(server, ["DEL", "{tg}:meta"])
        let none = Self.failure { () throws(SharedLogFailure) in _ = try reader.read(after: 2) }
        #expect(none == .superseded)
        _ = try writer.join(Self.offer("e2", node: "b"), takingOver: true)
        for number in 1...2 { _ = try writer.append([2], number: UInt64(number), in: "e2") }
        let other = Self.failure { () throws(SharedLogFailure) in _ = try reader.read(after: 2) }
        #expect(other == .superseded)
        #expect(try reader.join(Self.offer("e3"), takingOver: false).epoch == "e2")
        #expect(try reader.read(after: 2).map(\.position) == [3])
    }

    /// A connection outlives that its server has another history: each that joins would take that of the others for a new one.
    @Test func whoJoinsAgainAsksWhoTheServerIs() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        // Nobody else opens one to a replica.
        let control = try RedisConnectionTests.open(server)
        func order(_ words: RESPWords) throws {
            _ = try control.ask(words.map { .text($0) }, by: RedisConnectionTests.soon)
        }
        _ = try one.join(Self.offer("e1"), takingOver: true)
        try order(["REPLICAOF", "127.0.0.1", "1"])
        let replica = Self.failure { () throws(SharedLogFailure) in
            _ = try one.join(Self.offer("e2"), takingOver: true)
        }
        guard case .lost = replica else {
            Issue.record("not lost: \(String(describing: replica))")
            return
        }
        try order(["REPLICAOF", "NO", "ONE"])
        _ = try one.join(Self.offer("e3"), takingOver: true)
        try order(["REPLICAOF", "127.0.0.1", "1"])
        try order(["REPLICAOF", "NO", "ONE"])
        #expect(try other.join(Self.offer("e4"), takingOver: true).epoch == "e4")
        #expect(try one.join(Self.offer("e5"), takingOver: true).epoch == "e4")
    }

    @Test func scriptsThatWereForgottenAreSentAgain() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        try Self.ask(server, ["SCRIPT", "FLUSH"])
        #expect(try log.append([1], number: 1, in: "e1") == 2)
    }

    @Test func aFullServerRefusesAndTakesAgain() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: true)
        try Self.ask(server, ["CONFIG", "SET", "maxmemory", "1"])
        let refused = Self.failure { () throws(SharedLogFailure) in
            _ = try log.append([1], number: 1, in: "e1")
        }
        guard case .refused = refused else {
            Issue.record("not refused: \(String(describing: refused))")
            return
        }
        try Self.ask(server, ["CONFIG", "SET", "maxmemory", "0"])
        #expect(try log.append([1], number: 1, in: "e1") == 2)
    }

    // MARK: Checkpoints

    @Test func aCheckpointTakesThePlaceOfTheLogBeforeTheOneBefore() throws {
        let server = try RedisServer()
        let (log, other) = (try Self.log(server), try Self.log(server))
        _ = try log.join(Self.offer("e1"), takingOver: true)
        _ = try other.join(Self.offer("e1", node: "b"), takingOver: false)
        for number in 1...6 { _ = try log.append([UInt8(number)], number: UInt64(number), in: "e1") }
        #expect(try log.claimCheckpoint() == .granted(last: 0))
        #expect(try other.claimCheckpoint() == .taken(last: 0))
        #expect(try log.claimCheckpoint() == .granted(last: 0))
        let first = Checkpoint(position: 3, chunkCount: 2, name: "c1")
        try log.keep([1, 2].span, number: 0, ofCheckpoint: "c1")
        let early = Self.failure { () throws(SharedLogFailure) in try log.finish(first, in: "e1") }
        #expect(early == .superseded)
        try log.keep([3].span, number: 1, ofCheckpoint: "c1")
        try log.finish(first, in: "e1")
        let head = try other.join(Self.offer("e1", node: "b"), takingOver: false)
        #expect(head.checkpoint == first)
        #expect(try other.chunk(0, of: first) == [1, 2])
        #expect(try other.chunk(1, of: first) == [3])
        #expect(try log.read(after: 0).map(\.position) == [1, 2, 3, 4, 5, 6, 7])

        #expect(try other.claimCheckpoint() == .granted(last: 3))
        for name in ["c2", "c3"] {
            let next = Checkpoint(position: name == "c2" ? 5 : 6, chunkCount: 1, name: name)
            try other.keep([9].span, number: 0, ofCheckpoint: name)
            try other.finish(next, in: "e1")
        }
        #expect(try log.read(after: 0).map(\.position) == [6, 7])
        let gone = Self.failure { () throws(SharedLogFailure) in _ = try log.chunk(0, of: first) }
        #expect(gone == .trimmed)
        let late = Self.failure { () throws(SharedLogFailure) in
            try log.keep([7].span, number: 0, ofCheckpoint: "c4")
            try log.finish(Checkpoint(position: 6, chunkCount: 1, name: "c4"), in: "e1")
        }
        #expect(late == .superseded)
    }

    // MARK: Nodes

    private static func greeting(
        _ node: String, says report: String = "{}", wants wanted: [String] = [], drops dropped: [String] = []
    ) -> NodeGreeting {
        NodeGreeting(
            node: node, process: "p1", epoch: "e1", report: Array(report.utf8), wantedFeeds: wanted,
            droppedFeeds: dropped)
    }

    @Test func nodesHearOfOneAnother() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        for log in [one, other] { _ = try log.join(Self.offer("e1"), takingOver: false) }
        let first = try one.greet(Self.greeting("a", says: #"{"x": " 1 "}"#))
        #expect(first.position == 1 && first.words.isEmpty && first.holders.isEmpty)
        let second = try other.greet(Self.greeting("b"))
        #expect(second.words.map(\.node) == ["a"] && second.time >= first.time)
        #expect(second.words[0].time == first.time)
        #expect(second.words[0].report == Array(#"{"x": " 1 "}"#.utf8))
        #expect(Set(try one.greet(Self.greeting("a")).words.map(\.node)) == ["a", "b"])
        try Self.ask(server, ["DEL", "{tg}:meta"])
        let refused = Self.failure { () throws(SharedLogFailure) in _ = try one.greet(Self.greeting("a")) }
        #expect(refused == .superseded)
    }

    @Test func whoSaysNothingForAnHourIsForgotten() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        _ = try one.join(Self.offer("e1", node: "a"), takingOver: true)
        _ = try other.join(Self.offer("e1", node: "b"), takingOver: true)
        _ = try other.append([1], number: 1, in: "e1")
        let now = try one.greet(Self.greeting("a")).time.milliseconds
        func say(_ age: UInt64) throws {
            try Self.ask(server, ["HSET", "{tg}:nodes", "b", "\(now - age) {}"])
        }
        try say(3_500_000)
        #expect(try one.greet(Self.greeting("a")).words.count == 2)
        // Whoever joins to append is not forgotten for what was before.
        try say(3_600_000)
        #expect(try other.join(Self.offer("e1", node: "b"), takingOver: true).ownNumber == 1)
        #expect(try one.greet(Self.greeting("a")).words.count == 2)
        #expect(try other.append([2], number: 2, in: "e1") == 3)
        try say(3_600_000)
        _ = try one.greet(Self.greeting("a"))
        #expect(try one.greet(Self.greeting("a")).words.map(\.node) == ["a"])
        let refused = Self.failure { () throws(SharedLogFailure) in
            _ = try other.append([3], number: 3, in: "e1")
        }
        #expect(refused == .superseded)
        #expect(try other.join(Self.offer("e1", node: "b"), takingOver: true).ownNumber == 0)
    }

    @Test func aFeedBelongsToOneNodeAtATime() throws {
        let server = try RedisServer()
        let (one, other) = (try Self.log(server), try Self.log(server))
        for log in [one, other] { _ = try log.join(Self.offer("e1"), takingOver: false) }
        #expect(try one.greet(Self.greeting("a", wants: ["x", "y"])).holders == ["a p1", "a p1"])
        #expect(try other.greet(Self.greeting("b", wants: ["z", "x"])).holders == ["b p1", "a p1"])
        // Its word is good for ten seconds more.
        try Self.ask(server, ["PEXPIRE", "{tg}:feed:x", "5000"])
        _ = try one.greet(Self.greeting("a", wants: ["x", "y"]))
        let connection = try RedisConnectionTests.open(server)
        let rest = try connection.ask("PTTL", "{tg}:feed:x", by: RedisConnectionTests.soon).number ?? 0
        #expect(rest > 5000 && rest <= 10_000)
        // Another one's is neither renewed nor dropped.
        try Self.ask(server, ["PEXPIRE", "{tg}:feed:y", "5000"])
        #expect(try other.greet(Self.greeting("b", wants: ["y"], drops: ["x", "z"])).holders == ["a p1"])
        #expect(
            try connection.ask("PTTL", "{tg}:feed:y", by: RedisConnectionTests.soon).number ?? 0 <= 5000)
        #expect(try one.greet(Self.greeting("a", wants: ["z"], drops: ["x"])).holders == ["a p1"])
        #expect(try other.greet(Self.greeting("b", wants: ["x", "z"])).holders == ["b p1", "a p1"])
        // The server forgets it.
        try Self.ask(server, ["DEL", "{tg}:feed:z"])
        #expect(try other.greet(Self.greeting("b", wants: ["z"])).holders == ["b p1"])
        #expect(try one.greet(Self.greeting("a", wants: ["z"])).holders == ["b p1"])
    }

    // MARK: The end

    @Test func whoWaitsIsCut() throws {
        let server = try RedisServer()
        let log = try Self.log(server)
        _ = try log.join(Self.offer("e1"), takingOver: false)
        log.cancel()
        let failure = Self.failure { () throws(SharedLogFailure) in _ = try log.read(after: 1) }
        guard case .lost = failure else {
            Issue.record("not lost: \(String(describing: failure))")
            return
        }
    }
}
