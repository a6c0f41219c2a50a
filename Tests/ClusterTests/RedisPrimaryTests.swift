import Primitives
import RESP
import TestSupport
import Testing
import Transport

@testable import Cluster

/// Against real servers, sentinels and servers of a Redis Cluster.
@Suite(.enabled(if: RedisServer.isInstalled, RedisServer.absence))
struct RedisPrimaryTests {
    static var soon: Instant { .now() + .seconds(20) }
    static let key = "{tg}:meta"

    static func primary(_ url: String) throws -> RedisPrimary {
        RedisPrimary(of: try RedisURL(url), key: key)
    }

    static func failure(of primary: inout RedisPrimary, by deadline: Instant = soon) -> RedisFailure? {
        do throws(RedisFailure) {
            _ = try primary.open(by: deadline, unless: nil)
            return nil
        } catch {
            return error
        }
    }

    @Test func aServerIsItsOwnPrimary() throws {
        let server = try RedisServer(["user gate on >pw ~* +@all"])
        var primary = try Self.primary("redis://gate:pw@\(server.address)/3")
        let connection = try primary.open(by: Self.soon, unless: nil)
        #expect(connection.address == server.address)
        #expect(try connection.ask("CLIENT", "INFO", by: Self.soon).string?.contains("db=3") == true)
    }

    // MARK: Redis Cluster

    /// Two servers of a cluster, of which the second has every slot; both know it from the start.
    struct Halves {
        let empty: RedisServer
        let full: RedisServer

        init(_ lines: [String] = []) throws {
            let ports = (try RedisServer.freePort(), try RedisServer.freePort())
            let buses = (try RedisServer.freePort(), try RedisServer.freePort())
            let names = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
            func map(_ own: Int) -> String {
                """
                \(names.0) 127.0.0.1:\(ports.0)@\(buses.0) \(own == 0 ? "myself," : "")master - 0 0 1 connected
                \(names.1) 127.0.0.1:\(ports.1)@\(buses.1) \(own == 1 ? "myself," : "")master - 0 0 2 connected 0-16383
                vars currentEpoch 2 lastVoteEpoch 0

                """
            }
            // A server of a cluster takes no writes in its first two seconds. It can say who has a slot before.
            let own = ["cluster-enabled yes", "cluster-allow-reads-when-down yes"] + lines
            empty = try RedisServer(
                own + ["cluster-port \(buses.0)"], port: ports.0, files: ["nodes.conf": map(0)])
            full = try RedisServer(
                own + ["cluster-port \(buses.1)"], port: ports.1, files: ["nodes.conf": map(1)])
        }
    }

    @Test func goesWhereAClusterPoints() throws {
        let halves = try Halves()
        var primary = try Self.primary("redis://\(halves.empty.address)")
        let connection = try primary.open(by: Self.soon, unless: nil)
        #expect(connection.address == halves.full.address)
        #expect(connection.identity.isCluster)
        // It goes there at once the next time, even while the first is away.
        halves.empty.kill()
        #expect(try primary.open(by: Self.soon, unless: nil).address == halves.full.address)
    }

    @Test func returnsToTheURLWhereThePointerFails() throws {
        let server = try RedisServer()
        var primary = try Self.primary("redis://\(server.address)")
        primary.moved(to: RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort()))
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
    }

    @Test func followsAPointerThatCameLater() throws {
        let (server, other) = (try RedisServer(), try RedisServer())
        var primary = try Self.primary("redis://\(server.address)")
        primary.moved(to: other.address)
        #expect(try primary.open(by: Self.soon, unless: nil).address == other.address)
    }

    /// Each of two servers says that the other has the slot.
    @Test func goesRoundInCirclesForAWhileOnly() throws {
        let halves = try Halves()
        let full = try RedisConnection.connect(
            to: halves.full.address, RedisLogin(), by: Self.soon, unless: nil)
        let empty = RESPWord.text(String(repeating: "a", count: 40))
        let slot = try #require(try full.ask("CLUSTER", "KEYSLOT", .text(Self.key), by: Self.soon).number)
        _ = try full.ask("CLUSTER", "SETSLOT", .number(slot), "NODE", empty, by: Self.soon)
        var primary = try Self.primary("redis://\(halves.empty.address)")
        let failure = Self.failure(of: &primary)
        #expect(failure == nil || failure?.kind == .refused(code: "MOVED"), "unless they have agreed by then")
    }

    // MARK: Sentinel

    static func sentinel(watching server: RedisServer, _ lines: [String] = []) throws -> RedisServer {
        try RedisServer(
            ["sentinel monitor mymaster 127.0.0.1 \(server.port) 1"] + lines, as: .sentinel)
    }

    @Test func asksTheSentinels() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        var primary = try Self.primary("redis+sentinel://\(sentinel.address)/mymaster")
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
    }

    @Test func asksTheNextSentinelWhereOneIsAway() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        let away = RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort())
        var primary = try Self.primary("redis+sentinel://\(away),\(sentinel.address)/mymaster")
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
    }

    /// The kernel takes the connection, and nobody ever answers.
    @Test func aSentinelThatHangsLeavesTimeForTheOthers() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        let place = try Listener.claim(SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
        let silent = try Listener(place, .init())
        defer { _ = silent.number }
        var primary = try Self.primary("redis+sentinel://\(place),\(sentinel.address)/mymaster")
        #expect(try primary.open(by: .now() + .seconds(2), unless: nil).address == server.address)
    }

    /// One that knows only a replica, as after a failover that it has not heard of.
    @Test func asksTheNextSentinelWhereOneIsWrong() throws {
        let server = try RedisServer()
        let replica = try RedisServer(["replicaof 127.0.0.1 1"])
        let wrong = try Self.sentinel(watching: replica)
        let sentinel = try Self.sentinel(watching: server)
        var primary = try Self.primary("redis+sentinel://\(wrong.address),\(sentinel.address)/mymaster")
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
        sentinel.kill()
        #expect(Self.failure(of: &primary)?.kind == .notPrimary)
    }

    @Test func aNameThatNoSentinelKnowsIsSaid() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        var primary = try Self.primary("redis+sentinel://\(sentinel.address)/other")
        let failure = Self.failure(of: &primary)
        #expect(failure?.kind == .unknownPrimary)
        #expect(failure?.description.contains("\"other\"") == true)
        #expect(failure?.mayPassSoon == false)
    }

    @Test func withoutSentinelsNothingIsKnown() throws {
        let away = [try RedisServer.freePort(), try RedisServer.freePort()]
        var primary = try Self.primary("redis+sentinel://127.0.0.1:\(away[0]),127.0.0.1:\(away[1])/mymaster")
        let failure = Self.failure(of: &primary)
        #expect(failure?.kind == .unreachable)
        #expect(away.allSatisfy { failure?.description.contains("127.0.0.1:\($0)") == true })
    }

    @Test func aSentinelIsNoServerAndAServerNoSentinel() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        var primary = try Self.primary("redis://\(sentinel.address)")
        #expect(Self.failure(of: &primary)?.description.contains("redis+sentinel://") == true)
        primary = try Self.primary("redis+sentinel://\(server.address)/mymaster")
        #expect(Self.failure(of: &primary)?.kind == .refused(code: "ERR"))
    }

    @Test func aSentinelMayWantThePassword() throws {
        let server = try RedisServer(["requirepass s3cr3t"])
        let sentinel = try Self.sentinel(
            watching: server, ["requirepass s3cr3t", "sentinel auth-pass mymaster s3cr3t"])
        var primary = try Self.primary("redis+sentinel://:s3cr3t@\(sentinel.address)/mymaster")
        #expect(try primary.open(by: Self.soon, unless: nil).address == server.address)
        var stranger = try Self.primary("redis+sentinel://\(sentinel.address)/mymaster")
        #expect(Self.failure(of: &stranger)?.kind == .unauthenticated)
        var guesser = try Self.primary("redis+sentinel://:guessed1@\(sentinel.address)/mymaster")
        let failure = Self.failure(of: &guesser)
        #expect(failure?.kind == .unauthenticated)
        #expect(failure?.description.contains("guessed1") == false)
    }

    @Test func aStopEndsTheSearch() throws {
        let server = try RedisServer()
        let sentinel = try Self.sentinel(watching: server)
        let stop = try Wakeup()
        stop.wake()
        for url in ["redis://\(server.address)", "redis+sentinel://\(sentinel.address)/mymaster"] {
            var primary = try Self.primary(url)
            let failure = RedisConnectionTests.failure { () throws(RedisFailure) in
                _ = try primary.open(by: Self.soon, unless: stop)
            }
            #expect(failure?.kind == .stopped)
        }
    }
}
