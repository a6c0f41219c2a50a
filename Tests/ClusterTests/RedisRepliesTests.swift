import Glibc
import Primitives
import RESP
import Testing
import Transport

@testable import Cluster

/// What a real server says seldom, from the other end of a pair of sockets.
struct RedisRepliesTests {
    static let address = RedisAddress(host: "there", port: 6379)
    static let information =
        "run_id:abc\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"

    static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
    static func greeting(role: String = "master", _ last: String = ":0\r\n") -> String {
        bulk(information) + bulk("role:\(role)\r\nmaster_replid:def\r\n") + last
    }

    /// Two ends of a connection; the second one's reads and writes wait.
    static func pair() throws -> (near: Int32, far: Int32) {
        var ends: (near: Int32, far: Int32) = (0, 0)
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let status = withUnsafeMutableBytes(of: &ends) {
            socketpair(AF_UNIX, type, 0, $0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        try #require(status == 0)
        try #require(fcntl(ends.near, F_SETFL, O_NONBLOCK) == 0)
        return ends
    }

    static func connection(over number: Int32) -> RedisConnection {
        let stream = ByteStream(FileDescriptor(owning: number))
        return RedisConnection(stream, to: address, limits: .init(), unless: nil)
    }

    /// A connection whose server has said all of `text` already, and then ended it.
    static func connection(_ text: String) throws -> RedisConnection {
        let ends = try pair()
        let far = ByteStream(FileDescriptor(owning: ends.far))
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBufferPointer { far.write($0) } == .bytes(bytes.count))
        return connection(over: ends.near)
    }

    /// A server that reads on only when its answer is taken: whoever only writes waits for ever. It says what it heard, and a command
    /// is a reply, too.
    @Test func repliesAreReadWhileCommandsAreWritten() throws {
        let ends = try Self.pair()
        let connection = Self.connection(over: ends.near)
        _ = try LoopThread(name: "echo") {
            let stream = ByteStream(FileDescriptor(owning: ends.far))
            var space = [UInt8](repeating: 0, count: 64 << 10)
            while case .bytes(let count, _) = space.withUnsafeMutableBufferPointer({ stream.read(into: $0) })
            {
                guard
                    space.withUnsafeBufferPointer({ stream.write(.init(rebasing: $0[..<count])) })
                        == .bytes(count)
                else { return }
            }
        }
        let text = [UInt8](repeating: 0x61, count: 1 << 20)
        try connection.send([[RESPWord]](repeating: [.bytes(text)], count: 8), by: .now() + .seconds(20))
        for _ in 0..<8 {
            #expect(try connection.receive(by: .now() + .seconds(20)) == .array([.bulk(text)]))
        }
    }

    static func greet(_ text: String, _ login: RedisLogin = RedisLogin()) throws -> RedisFailure? {
        let connection = try connection(text)
        do throws(RedisFailure) {
            try connection.greet(login, by: .now() + .seconds(20))
            return nil
        } catch {
            return error
        }
    }

    @Test func aPrimaryIsGreeted() throws {
        #expect(try Self.greet(Self.greeting()) == nil)
    }

    static let greetings: [(text: String, kind: RedisFailure.Kind)] = [
        (greeting("-LOADING Redis is loading the dataset in memory\r\n"), .loading),
        (greeting(role: "slave"), .notPrimary),
        (greeting(role: "slave", "-MASTERDOWN Link with MASTER is down\r\n"), .notPrimary),
        (
            greeting("-MOVED 3999 10.0.0.7:6381\r\n"),
            .moved(to: RedisAddress(host: "10.0.0.7", port: 6381))
        ),
        (
            greeting(role: "slave", "-MOVED 3999 10.0.0.7:6381\r\n"),
            .moved(to: RedisAddress(host: "10.0.0.7", port: 6381))
        ),
        (greeting("-CLUSTERDOWN Hash slot not served\r\n"), .refused(code: "CLUSTERDOWN")),
        (greeting(role: "sentinel"), .violation),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", .violation),
        ("SSH-2.0-OpenSSH\r\n", .violation),
        ("-NOAUTH Authentication required.\r\n", .unauthenticated),
        ("-DENIED Redis is running in protected mode\r\n", .refused(code: "DENIED")),
        ("", .closed),
        (bulk(information), .closed),
    ]

    @Test(arguments: greetings)
    func anythingElseIsNot(text: String, kind: RedisFailure.Kind) throws {
        #expect(try Self.greet(text)?.kind == kind)
    }

    /// The rights to ask for the key may be missing where all others are there.
    @Test func theKeyNeedNotBeAskedFor() throws {
        #expect(try Self.greet(Self.greeting("-NOPERM no\r\n")) == nil)
    }

    static let errors: [(text: String, kind: RedisFailure.Kind, mayPassSoon: Bool)] = [
        ("LOADING x", .loading, true),
        ("MASTERDOWN x", .primaryDown, true),
        ("READONLY x", .readOnly, true),
        ("MOVED 3999 h:1", .moved(to: RedisAddress(host: "h", port: 1)), true),
        ("MOVED 3999", .violation, false),
        ("NOSCRIPT x", .scriptMissing, true),
        ("OOM x", .outOfMemory, false),
        ("NOREPLICAS x", .tooFewReplicas, true),
        ("NOPERM x", .forbidden, false),
        ("NOAUTH x", .unauthenticated, false),
        ("WRONGPASS x", .unauthenticated, false),
        ("TGEPOCH bbbb", .refused(code: "TGEPOCH"), false),
        ("CLUSTERDOWN x", .refused(code: "CLUSTERDOWN"), true),
        ("BUSY x", .refused(code: "BUSY"), true),
        ("ERR x", .refused(code: "ERR"), false),
        ("ERR max number of clients reached", .refused(code: "ERR"), true),
        (
            "ERR Error running script (call to f_a): @user_script:1: @user_script: 1: -OOM x", .outOfMemory,
            false
        ),
        ("ERR Error running script (call to f_a): @user_script:1: no code", .refused(code: "ERR"), false),
        ("ERR Error running script (call to f_a): -ERR x", .refused(code: "ERR"), false),
        ("ERR The user executing the script can't run this command or subcommand", .forbidden, false),
    ]

    @Test(arguments: errors)
    func anErrorHasAMeaning(text: String, kind: RedisFailure.Kind, mayPassSoon: Bool) {
        let failure = RedisFailure(RESPError(text), at: Self.address)
        #expect(failure.kind == kind)
        #expect(failure.mayPassSoon == mayPassSoon)
        #expect(failure.description.contains("there:6379"))
    }

    @Test func versionsAreComparedByNumber() throws {
        let versions = ["6.0.16", "6.2", "6.2.0", "6.10.1", "7.0.15", "8.0.0-rc1"].compactMap {
            RedisVersion($0)
        }
        #expect(versions.count == 6)
        #expect(versions == versions.sorted())
        #expect(RedisVersion("unknown") == nil)
        #expect(RedisVersion("") == nil)
    }
}
