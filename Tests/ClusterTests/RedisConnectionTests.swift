import Glibc
import Primitives
import RESP
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Cluster

/// Against real servers.
@Suite(.enabled(if: RedisServer.isInstalled, RedisServer.absence))
struct RedisConnectionTests {
    static var soon: Instant { .now() + .seconds(20) }

    static func open(
        _ server: RedisServer, unless stop: Wakeup? = nil, _ change: (inout RedisLogin) -> Void = { _ in }
    ) throws(RedisFailure) -> RedisConnection {
        var login = RedisLogin()
        change(&login)
        return try .open(to: server.address, login, by: soon, unless: stop)
    }

    /// The failure of `body`, which must fail.
    static func failure(
        _ body: () throws(RedisFailure) -> Void, _ place: SourceLocation = #_sourceLocation
    ) -> RedisFailure? {
        do throws(RedisFailure) {
            try body()
            Issue.record("nothing failed", sourceLocation: place)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Opening

    @Test func knowsWhoTheServerIs() throws {
        let server = try RedisServer()
        let identity = try Self.open(server).identity
        #expect(identity.runID.count == 40)
        #expect(identity.replicationID.count == 40)
        #expect(identity.role == .primary)
        #expect(!identity.isCluster)
        #expect(identity.version.map { $0 >= RedisVersion("6.2")! } == true)
        #expect(try Self.open(server).identity == identity)
    }

    static let users = [
        "user gate on >s3cr3t ~* +@all", "user open on nopass ~* +@all", "user default on >defaults ~* +@all",
    ]

    @Test(
        arguments: [
            ("gate", "s3cr3t", "gate"), (nil, "defaults", "default"), ("default", "defaults", "default"),
            ("open", nil, "open"),
        ] as [(String?, String?, String)])
    func letsUsersIn(user: String?, password: String?, name: String) throws {
        let server = try RedisServer(Self.users)
        let connection = try Self.open(server) { ($0.user, $0.password, $0.database) = (user, password, 5) }
        #expect(try connection.ask("ACL", "WHOAMI", by: Self.soon).string == name)
        _ = try connection.ask("SET", "here", "1", by: Self.soon)
        let other = try Self.open(server) { ($0.user, $0.password) = (user, password) }
        #expect(try other.ask("EXISTS", "here", by: Self.soon) == .integer(0), "it is in database 5")
    }

    @Test(
        arguments: [
            ("gate", "guessed1"), (nil, "guessed1"), ("nobody", "guessed1"), (nil, nil),
        ] as [(String?, String?)])
    func keepsStrangersOut(user: String?, password: String?) throws {
        let server = try RedisServer(Self.users)
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { ($0.user, $0.password) = (user, password) }
        }
        #expect(failure?.kind == .unauthenticated)
        #expect(failure?.mayPassSoon == false)
        #expect(failure?.description.contains("guessed1") == false)
    }

    @Test func aPasswordThatNobodyAskedForIsNamed() throws {
        let server = try RedisServer()
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { $0.password = "guessed1" }
        }
        #expect(failure?.kind == .unauthenticated)
        #expect(failure?.detail.contains("no password set") == true)
    }

    /// A server that does not know AUTH repeats its words.
    @Test func aSecretIsNotRepeated() throws {
        let server = try RedisServer(["rename-command AUTH \"\""])
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { $0.password = "guessed1" }
        }
        #expect(failure?.kind == .unauthenticated)
        #expect(failure?.description.contains("guessed1") == false)
    }

    @Test func aDatabaseThatIsNotThereIsRefused() throws {
        let server = try RedisServer(["databases 4"])
        let failure = Self.failure { () throws(RedisFailure) in _ = try Self.open(server) { $0.database = 4 }
        }
        #expect(failure?.kind == .refused(code: "ERR"))
        #expect(failure?.detail.contains("out of range") == true)
    }

    @Test func aReplicaIsNoPrimary() throws {
        let server = try RedisServer(["replicaof 127.0.0.1 1"])
        let failure = Self.failure { () throws(RedisFailure) in _ = try Self.open(server) }
        #expect(failure?.kind == .notPrimary)
        #expect(failure?.mayPassSoon == true)
    }

    @Test func whereNobodyListensThereIsNoServer() throws {
        let address = RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort())
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try RedisConnection.open(to: address, RedisLogin(), by: Self.soon, unless: nil)
        }
        #expect(failure?.kind == .unreachable)
        #expect(failure?.description.contains("127.0.0.1:\(address.port)") == true)
    }

    // MARK: TLS

    static func secureServer(for names: [String] = ["DNS:localhost", "IP:127.0.0.1"]) throws -> RedisServer {
        let port = try RedisServer.freePort()
        let pair = try TestAuthority.shared.issue(for: names)
        return try RedisServer(
            [
                "tls-port \(port)", "tls-cert-file \(pair.certificate)", "tls-key-file \(pair.key)",
                "tls-ca-cert-file \(TestAuthority.shared.file)", "tls-auth-clients no",
            ], port: port)
    }

    @Test func speaksTLSWithWhomItTrusts() throws {
        let server = try Self.secureServer()
        let connection = try Self.open(server) {
            ($0.isSecure, $0.trust) = (true, .authorities(file: TestAuthority.shared.file))
        }
        let large = [UInt8](repeating: 0x62, count: 3 << 20)
        #expect(try connection.ask("ECHO", .bytes(large), by: Self.soon) == .bulk(large))
    }

    @Test func speaksNoTLSWithStrangers() throws {
        let server = try Self.secureServer()
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { $0.isSecure = true }
        }
        #expect(failure?.kind == .untrusted)
        let other = try Self.secureServer(for: ["DNS:elsewhere"])
        let misnamed = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(other) {
                ($0.isSecure, $0.trust) = (true, .authorities(file: TestAuthority.shared.file))
            }
        }
        #expect(misnamed?.kind == .untrusted)
        #expect(misnamed?.detail.contains("not for 127.0.0.1") == true)
    }

    @Test func aMissingCertificateFileIsNamed() throws {
        let server = try Self.secureServer()
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) {
                ($0.isSecure, $0.trust) = (true, .authorities(file: "/nowhere/ca.pem"))
            }
        }
        #expect(failure?.kind == .untrusted)
        #expect(failure?.detail.contains("/nowhere/ca.pem") == true)
    }

    @Test func withAndWithoutTLSDoNotUnderstandEachOther() throws {
        let plain = try RedisServer()
        var login = RedisLogin()
        (login.isSecure, login.trust) = (true, .anyone)
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try RedisConnection.open(
                to: plain.address, login, by: .now() + .milliseconds(500), unless: nil)
        }
        // The server waits for the end of the line, or finds one in what came, and answers an error in plain text.
        #expect(failure.map { [.untrusted, .closed, .timedOut].contains($0.kind) } == true)
        #expect(failure?.detail.contains("redis://") == true)
        let secure = try Self.secureServer()
        let other = Self.failure { () throws(RedisFailure) in _ = try Self.open(secure) }
        #expect(other.map { [.violation, .closed].contains($0.kind) } == true)
        #expect(other?.detail.contains("rediss://") == true)
    }

    // MARK: Commands and replies

    @Test func manyCommandsInOneWriteAreAnsweredInOrder() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        try connection.send((0..<1000).map { ["ECHO", .number($0)] }, by: Self.soon)
        #expect(connection.awaitedReplyCount == 1000)
        for number in 0..<1000 {
            #expect(try connection.receive(by: Self.soon).number == Int64(number))
        }
        #expect(connection.awaitedReplyCount == 0)
    }

    /// More than the kernel's buffers take in either direction: whoever only writes would wait for ever.
    @Test func muchInBothDirectionsDoesNotLock() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        let text = [UInt8](repeating: 0x61, count: 1 << 20)
        try connection.send([[RESPWord]](repeating: ["ECHO", .bytes(text)], count: 30), by: Self.soon)
        for _ in 0..<30 { #expect(try connection.receive(by: Self.soon) == .bulk(text)) }
    }

    @Test func anErrorIsAReplyAndTheConnectionGoesOn() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        try connection.send([["SET", "k", "1"], ["LPUSH", "k", "2"], ["GET", "k"]], by: Self.soon)
        #expect(try connection.receive(by: Self.soon) == .text("OK"))
        #expect(try connection.receive(by: Self.soon).error?.code == "WRONGTYPE")
        #expect(try connection.receive(by: Self.soon).string == "1")
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try connection.ask("LPUSH", "k", "2", by: Self.soon)
        }
        #expect(failure?.kind == .refused(code: "WRONGTYPE"))
        #expect(try connection.ask("GET", "none", by: Self.soon) == .null)
    }

    @Test func withoutWaitingThereIsNothing() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        try connection.send([["BLPOP", "list", "0"]], by: Self.soon)
        #expect(try connection.receiveIfThere() == nil)
    }

    @Test func waitsUntilTheDeadlineAndThenIsOfNoUse() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try connection.ask("BLPOP", "list", "0", by: .now() + .milliseconds(20))
        }
        #expect(failure?.kind == .timedOut)
        let later = Self.failure { () throws(RedisFailure) in try connection.send([["PING"]], by: Self.soon) }
        #expect(later?.kind == .timedOut, "a late reply must not be taken for that of another command")
    }

    @Test func anotherThreadMayCutIt() throws {
        let server = try RedisServer()
        let stop = try Wakeup()
        let helper = try Self.open(server)
        let failure = Mutex<RedisFailure?>(nil)
        let identity = Mutex<Int64?>(nil)
        try withThread {
            failure.withLock {
                $0 = Self.failure { () throws(RedisFailure) in
                    let connection = try Self.open(server, unless: stop)
                    let number = try connection.ask("CLIENT", "ID", by: Self.soon).number
                    identity.withLock { $0 = number }
                    _ = try connection.ask("BLPOP", "list", "0", by: .never)
                }
            }
        } meanwhile: {
            // Once the server says that it waits.
            while try helper.ask("CLIENT", "LIST", by: Self.soon).string?.contains("cmd=blpop") != true {}
            stop.wake()
        }
        #expect(failure.withLock { $0?.kind } == .stopped)
    }

    private func withThread(_ body: @escaping @Sendable () -> Void, meanwhile: () throws -> Void) throws {
        let isDone = Monitor(false)
        _ = try LoopThread(name: "test") {
            body()
            isDone.withLock { $0 = true }
        }
        try meanwhile()
        #expect(isDone.wait(until: Self.soon) { $0 })
    }

    @Test func aServerThatIsKilledIsGone() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        server.kill()
        let failure = Self.failure { () throws(RedisFailure) in _ = try connection.ask("PING", by: Self.soon)
        }
        #expect(failure?.kind == .closed)
        #expect(failure?.mayPassSoon == true)
    }

    // MARK: What servers refuse

    @Test func anUnknownScriptIsMissing() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        let digest = RESPWord.text(String(repeating: "a", count: 40))
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try connection.ask("EVALSHA", digest, "0", by: Self.soon)
        }
        #expect(failure?.kind == .scriptMissing)
    }

    static let script: RESPWord = "return redis.call('SET', KEYS[1], 1)"

    /// What a server says to a command, and to the same inside a script.
    static func refusals(_ connection: RedisConnection) -> [RedisFailure.Kind?] {
        let commands: [[RESPWord]] = [["SET", "{tg}:x", "1"], ["EVAL", script, "1", "{tg}:x"]]
        return commands.map { command in
            failure { () throws(RedisFailure) in _ = try connection.ask(command, by: soon) }?.kind
        }
    }

    @Test func aFullServerIsOutOfMemory() throws {
        let server = try RedisServer(["maxmemory 1"])
        let connection = try Self.open(server)
        #expect(Self.refusals(connection) == [.outOfMemory, .outOfMemory])
    }

    @Test func aPrimaryWithoutReplicasMayRefuseWrites() throws {
        let server = try RedisServer(["min-replicas-to-write 1"])
        let connection = try Self.open(server)
        #expect(Self.refusals(connection) == [.tooFewReplicas, .tooFewReplicas])
    }

    @Test func aPrimaryThatBecomesAReplicaTakesNoWrites() throws {
        let server = try RedisServer()
        let connection = try Self.open(server)
        _ = try connection.ask("REPLICAOF", "127.0.0.1", "1", by: Self.soon)
        #expect(Self.refusals(connection) == [.readOnly, .readOnly])
        _ = try connection.ask("CONFIG", "SET", "replica-serve-stale-data", "no", by: Self.soon)
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try connection.ask("GET", "k", by: Self.soon)
        }
        #expect(failure?.kind == .primaryDown)
    }

    @Test func whatAUserMayNotIsForbidden() throws {
        let server = try RedisServer(["user gate on >pw ~{tg}* +eval +info +get"])
        let connection = try Self.open(server) { ($0.user, $0.password) = ("gate", "pw") }
        #expect(Self.refusals(connection) == [.forbidden, .forbidden])
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try connection.ask("GET", "other", by: Self.soon)
        }
        #expect(failure?.kind == .forbidden)
    }

    @Test func whoMayNotAskWhoTheServerIsLearnsIt() throws {
        let server = try RedisServer(["user gate on >pw ~* +exists"])
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { ($0.user, $0.password) = ("gate", "pw") }
        }
        #expect(failure?.kind == .forbidden)
        #expect(failure?.detail.contains("info") == true)
    }

    @Test func aServerThatIsFullOfClientsMayHaveRoomSoon() throws {
        let server = try RedisServer(["maxclients 1"])
        let first = try Self.open(server)
        let failure = Self.failure { () throws(RedisFailure) in
            _ = try Self.open(server) { $0.password = "guessed1" }
        }
        #expect(failure?.mayPassSoon == true)
        #expect(failure?.description.contains("max number of clients") == true)
        _ = try first.ask("PING", by: Self.soon)
    }
}
