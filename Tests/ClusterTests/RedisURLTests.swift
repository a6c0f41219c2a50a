import Testing

@testable import Cluster

struct RedisURLTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let text: String
        var way: RedisURL.Way
        var isSecure = false
        var user: String?
        var password: String?
        var database = 0
        /// What is shown; nil: the same text.
        var shown: String?
        var testDescription: String { text }
    }

    static func server(_ host: String, _ port: UInt16 = 6379) -> RedisURL.Way {
        .server(RedisAddress(host: host, port: port))
    }

    static let vectors: [Vector] = [
        Vector(text: "redis://host", way: server("host"), shown: "redis://host:6379"),
        Vector(text: "redis://host:7000/", way: server("host", 7000), shown: "redis://host:7000"),
        Vector(
            text: "REDIS://host:7000/3", way: server("host", 7000), database: 3, shown: "redis://host:7000/3"),
        Vector(text: "rediss://host:6380", way: server("host", 6380), isSecure: true),
        Vector(text: "redis://[::1]:7000", way: server("::1", 7000)),
        Vector(text: "redis://[fe80::1]", way: server("fe80::1"), shown: "redis://[fe80::1]:6379"),
        Vector(
            text: "redis://:s3cr3t@host:1", way: server("host", 1), password: "s3cr3t",
            shown: "redis://:***@host:1"),
        Vector(text: "redis://gate@host:1", way: server("host", 1), user: "gate"),
        Vector(text: "redis://@host:1", way: server("host", 1), shown: "redis://host:1"),
        Vector(
            text: "redis://g%40te:s%2F%3A%40%25:c@host:1/2", way: server("host", 1), user: "g@te",
            password: "s/:@%:c", database: 2, shown: "redis://g%40te:***@host:1/2"),
        Vector(
            text: "redis+sentinel://a,b:1,[::1],[::2]:3/mymaster/5",
            way: .sentinels(
                [
                    RedisAddress(host: "a", port: 26379), RedisAddress(host: "b", port: 1),
                    RedisAddress(host: "::1", port: 26379), RedisAddress(host: "::2", port: 3),
                ], primary: "mymaster"), database: 5,
            shown: "redis+sentinel://a:26379,b:1,[::1]:26379,[::2]:3/mymaster/5"),
        Vector(
            text: "rediss+sentinel://u:p@a:1/my%20master",
            way: .sentinels([RedisAddress(host: "a", port: 1)], primary: "my master"), isSecure: true,
            user: "u",
            password: "p", shown: "rediss+sentinel://u:***@a:1/my%20master"),
    ]

    @Test(arguments: vectors)
    func readsAndShowsWithoutTheSecret(vector: Vector) throws {
        let url = try RedisURL(vector.text)
        #expect(url.way == vector.way)
        #expect(url.isSecure == vector.isSecure)
        #expect(url.user == vector.user)
        #expect(url.password == vector.password)
        #expect(url.database == vector.database)
        #expect(url.description == vector.shown ?? vector.text)
    }

    @Test func aPasswordGivenApartIsNotShownEither() throws {
        var url = try RedisURL("redis://gate@host:1")
        url.password = "hunter2"
        #expect(url.description == "redis://gate:***@host:1")
    }

    static let refused: [(text: String, reason: String, offset: Int?)] = [
        ("", "redis://", nil),
        ("http://host", "redis://", nil),
        ("host:6379", "redis://", nil),
        ("redis://", "names no host", 8),
        ("redis://:6379", "names no host", 8),
        ("redis://host:0", "port", 13),
        ("redis://host:", "port", 13),
        ("redis://host:65536", "port", 13),
        ("redis://host:+1", "port", 13),
        ("redis://::1", "brackets", 8),
        ("redis://[::1", "]", 8),
        ("redis://[::1]6379", "behind", 13),
        ("redis://a,b", "several hosts", 10),
        ("redis://host/x", "database", 13),
        ("redis://host/-1", "database", 13),
        ("redis://host/1048576", "database", 13),
        ("redis://host/1/2", "nothing may stand", 14),
        ("redis://host?db=1", "may stand in it", 12),
        ("redis://ho st", "may stand in it", 10),
        ("redis://u:p%4@host", "the password", 10),
        ("redis://u%FF:p@host", "the user", 8),
        ("redis://user:s3cr3t/x@host", "%2F", 19),
        ("redis://user:s3cr3t@x@host", "%40", 19),
        ("redis+sentinel://a,b", "name of the primary", 20),
        ("redis+sentinel://a,b/", "name of the primary", 21),
        ("redis+sentinel://a,,b/m", "names no host", 19),
        (
            "redis+sentinel://\([String](repeating: "a", count: 17).joined(separator: ","))/m",
            "16 sentinels", 49
        ),
    ]

    @Test(arguments: refused)
    func refusesWithThePlace(text: String, reason: String, offset: Int?) throws {
        let failure = #expect(throws: RedisURLFailure.self) { try RedisURL(text) }
        #expect(failure?.description.contains(reason) == true, "\(failure?.description ?? "")")
        #expect(failure?.offset == offset)
        #expect(failure?.description.contains("s3cr3t") == false)
    }

    @Test func readsWhereAServerSaysASlotIs() {
        let speaker = RedisAddress(host: "there", port: 1)
        #expect(
            RedisAddress(said: "10.0.0.7:6381", by: speaker) == RedisAddress(host: "10.0.0.7", port: 6381))
        #expect(RedisAddress(said: "::1:6381", by: speaker) == RedisAddress(host: "::1", port: 6381))
        #expect(RedisAddress(said: ":6381", by: speaker) == RedisAddress(host: "there", port: 6381))
        #expect(RedisAddress(said: "?:6381", by: speaker) == RedisAddress(host: "there", port: 6381))
        #expect(RedisAddress(said: "host", by: speaker) == nil)
        #expect(RedisAddress(said: "host:0", by: speaker) == nil)
    }
}
