import Primitives
import RESP
import TestSupport
import Testing
import Transport

@testable import Cluster

@Suite(.enabled(if: RedisServer.isInstalled, RedisServer.absence))
struct RedisCheckTests {
    static let good = ["appendonly yes", "appendfsync always", "maxmemory 100mb"]
    static let rights =
        "+info +eval +evalsha +script|load +del +set +get +getdel +pexpire +persist +exists +hset +hget +hmget +hgetall +hdel +xadd +xread +xtrim +rpush +lindex +llen +time"

    static func check(_ server: RedisServer, _ credentials: String = "") throws -> [RedisFinding] {
        defer { withExtendedLifetime(server) {} }
        return try RedisCheck.findings(
            of: RedisURL("redis://\(credentials)\(server.address)"), trusting: .system, prefix: "tg",
            by: .now() + .seconds(20), unless: nil)
    }

    static func grave(_ findings: [RedisFinding]) -> [RedisFinding] { findings.filter { $0.weight != .note } }

    @Test func nothingIsWrongWithAGoodServer() throws {
        let server = try RedisServer(Self.good)
        let findings = try Self.check(server)
        #expect(findings.count == 1, "\(findings)")
        #expect(findings.first?.description.hasPrefix("note: Redis ") == true)
        #expect(findings.first?.text.contains("127.0.0.1:\(server.port)") == true)
        let connection = try RedisConnection.open(
            to: server.address, RedisLogin(), by: .now() + .seconds(20), unless: nil)
        #expect(
            try connection.ask("DBSIZE", by: .now() + .seconds(20)) == .integer(0), "it leaves nothing behind"
        )
    }

    @Test func whereNobodyAnswersThatIsAll() throws {
        let server = try RedisServer()
        server.kill()
        let findings = try Self.check(server)
        #expect(findings.map(\.weight) == [.fault])
        #expect(findings.first?.text.contains("cannot connect") == true)
    }

    @Test func anEvictingServerIsAFault() throws {
        let findings = Self.grave(try Self.check(RedisServer(Self.good + ["maxmemory-policy allkeys-lru"])))
        #expect(findings.map(\.weight) == [.fault])
        #expect(findings.first?.text.contains("noeviction") == true)
        let unlimited = Self.good + ["maxmemory 0", "maxmemory-policy volatile-lru"]
        #expect(Self.grave(try Self.check(RedisServer(unlimited))).map(\.weight) == [.warning])
    }

    @Test func aServerWithoutAFileIsWarnedOf() throws {
        let findings = Self.grave(try Self.check(RedisServer()))
        #expect(findings.map(\.weight) == [.warning])
        #expect(findings.first?.text.contains("appendonly") == true)
    }

    @Test func whatIsSyncedOnceASecondIsNoted() throws {
        let findings = try Self.check(RedisServer(["appendonly yes"]))
        #expect(Self.grave(findings).isEmpty)
        #expect(findings.contains { $0.text.contains("once a second") })
    }

    @Test(arguments: [(lines: [], count: 1), (lines: ["min-replicas-to-write 1"], count: 0)])
    func replicasThatNeedNotHearAreWarnedOf(lines: [String], count: Int) throws {
        let server = try RedisServer(Self.good + lines)
        let replica = try RedisServer(["replicaof 127.0.0.1 \(server.port)"])
        let link = try RedisConnection.connect(
            to: replica.address, RedisLogin(), by: .now() + .seconds(20), unless: nil)
        while try link.ask("INFO", "replication", by: .now() + .seconds(20)).string?
            .contains("master_link_status:up") != true
        {}
        let findings = Self.grave(try Self.check(server))
        #expect(findings.count { $0.text.contains("set min-replicas-to-write") } == count)
    }

    @Test func aFullServerFails() throws {
        let findings = Self.grave(try Self.check(RedisServer(Self.good + ["maxmemory 1"])))
        #expect(findings.map(\.weight) == [.fault])
        #expect(findings.first?.text.contains("no memory left") == true)
    }

    @Test func aServerThatMissesItsReplicasFails() throws {
        let findings = Self.grave(try Self.check(RedisServer(Self.good + ["min-replicas-to-write 1"])))
        #expect(findings.map(\.weight) == [.fault])
        #expect(findings.first?.text.contains("too few replicas") == true)
    }

    @Test(arguments: ["", " +acl|whoami +acl|dryrun", " +config|get"])
    func theNeededRightsAreEnough(more: String) throws {
        let server = try RedisServer(Self.good + ["user gate on >pw ~{tg}:* \(Self.rights)\(more)"])
        let findings = try Self.check(server, "gate:pw@")
        #expect(Self.grave(findings).isEmpty, "\(findings)")
        #expect(findings.contains { $0.text.contains("CONFIG GET") } == !more.contains("config"))
    }

    /// By the server's word (ACL DRYRUN), and by trial.
    @Test(
        arguments: ["", " +acl|whoami +acl|dryrun"],
        [
            "eval", "evalsha", "script|load", "set", "getdel", "pexpire", "persist", "hset", "hgetall",
            "xadd", "xread",
            "xtrim", "rpush", "lindex", "llen", "time", "del",
        ])
    func aMissingRightIsNamed(more: String, right: String) throws {
        let server = try RedisServer(Self.good + ["user gate on >pw ~{tg}:* \(Self.rights) -\(right)\(more)"])
        let findings = Self.grave(try Self.check(server, "gate:pw@"))
        #expect(findings.map(\.weight) == [.fault], "\(findings)")
        #expect(findings.first?.text.hasSuffix("~{tg}:* +\(right)") == true, "\(findings)")
    }

    @Test(arguments: ["", " +acl|whoami +acl|dryrun"])
    func keysOfAnotherPrefixAreNamed(more: String) throws {
        let server = try RedisServer(Self.good + ["user gate on >pw ~{other}:* \(Self.rights)\(more)"])
        let findings = Self.grave(try Self.check(server, "gate:pw@"))
        #expect(findings.map(\.weight) == [.fault], "\(findings)")
        #expect(findings.first?.text.contains("~{tg}:*") == true)
    }
}
