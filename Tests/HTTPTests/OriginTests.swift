import Testing

@testable import HTTP

/// Hosts and origins as browsers and clients spell them.
@Suite struct OriginTests {
    private func authority(_ text: String) -> Authority? { Authority(Array(text.utf8).span) }
    private func origin(_ text: String) -> Origin? { Origin(Array(text.utf8).span) }

    @Test(arguments: [
        ("localhost", "localhost", nil), ("LocalHost:8080", "localhost", 8080),
        ("a.example:", "a.example", nil),
        ("127.0.0.1:80", "127.0.0.1", 80), ("127.0.0.1", "127.0.0.1", nil), ("[::1]", "[::1]", nil),
        ("[::1]:8080", "[::1]", 8080), ("[FE80::A]:65535", "[fe80::a]", 65_535), ("1:2", "1", 2),
        ("a.example.", "a.example.", nil), ("a:080", "a", 80),
    ])
    func anAuthorityIsAHostAndPerhapsAPort(text: String, host: String, port: UInt16?) throws {
        let authority = try #require(self.authority(text))
        #expect(String(decoding: authority.host, as: UTF8.self) == host)
        #expect(authority.port == port)
    }

    @Test(arguments: [
        "", ":80", "::1", "[::1", "::1]", "a:65536", "a:b", "a:1:2", "a/b", "user@a", "a b", "a:-1",
        "[::1]x:1",
        "[::1]80", "ä.example",
    ])
    func allElseIsNone(text: String) {
        #expect(authority(text) == nil)
    }

    @Test(arguments: [
        ("http://a.example", "HTTP://A.Example:80"), ("https://a.example", "https://a.example:443"),
        ("https://a.example:80", "https://A.example:080"),
        ("chrome-extension://abc", "Chrome-Extension://ABC"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ])
    func theSameOriginSpelledTwice(one: String, other: String) throws {
        #expect(try #require(origin(one)) == #require(origin(other)))
    }

    @Test(arguments: [
        ("http://a.example", "https://a.example"), ("http://a.example", "http://b.example"),
        ("http://a.example", "http://a.example:443"), ("http://a.example", "http://a.example:8080"),
        ("http://a.example", "http://a.example."), ("https://a.example", "https://a.example:80"),
        ("http://localhost", "http://127.0.0.1"),
    ])
    func differentOrigins(one: String, other: String) throws {
        #expect(try #require(origin(one)) != #require(origin(other)))
    }

    @Test(arguments: [
        "", "null", "a.example", "http:", "http://", "//a.example", "://a.example", "http:/a.example",
        "http//a.example", "http://a.example/", "http://a.example/x", "http://a.example?",
        "http://a.example#",
        "http://u@a.example", "http://a example", "1http://a.example", "ht_tp://a.example",
        "http://a.example, http://b.example", "http://a.example http://b.example", "http://a.example:x",
    ])
    func whatNamesNoOrigin(text: String) {
        #expect(origin(text) == nil)
    }

    @Test(arguments: [
        ("http://a.example", "a.example", true), ("https://a.example", "A.EXAMPLE", true),
        ("http://a.example", "a.example:80", true), ("https://a.example", "a.example:443", true),
        ("https://a.example", "a.example:80", false), ("http://a.example", "a.example:8080", false),
        ("http://a.example:8080", "a.example:8080", true), ("https://a.example:8080", "a.example:8080", true),
        ("http://a.example:8080", "a.example", false), ("http://a.example:443", "a.example:443", true),
        ("http://a.example:443", "a.example", false), ("http://b.example", "a.example", false),
        ("http://xa.example", "a.example", false), ("ftp://a.example", "a.example", false),
        ("chrome-extension://a.example", "a.example", false), ("http://[::1]:8080", "[::1]:8080", true),
    ])
    func isServedAtItsHostAndPort(text: String, host: String, isServed: Bool) throws {
        #expect(try #require(origin(text)).isServed(at: #require(authority(host))) == isServed)
    }
}
