import Client
import Testing

struct GatewayURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, "", "127.0.0.1:8080"),
        ("http://example.org", "example.org", 80, "", "example.org"),
        ("localhost:9000", "localhost", 9000, "", "localhost:9000"),
        ("HTTP://h:1/a/b/", "h", 1, "/a/b", "h:1"),
        ("http://[::1]:8080/x", "::1", 8080, "/x", "[::1]:8080"),
        ("http://[::1]", "::1", 80, "", "[::1]"),
        ("https://h", "h", 443, "", "h"),
        ("WSS://h/a", "h", 443, "/a", "h"),
        ("https://h:80", "h", 80, "", "h:80"),
        ("http://h:443", "h", 443, "", "h:443"),
    ])
    func reads(text: String, host: String, port: UInt16, prefix: String, authority: String) throws {
        let url = try GatewayURL(text)
        #expect(url.host == host && url.port == port && url.prefix == prefix && url.authority == authority)
        #expect(url.isSecure == ["https", "wss"].contains(text.prefix { $0 != ":" }.lowercased()))
        #expect(try GatewayURL(url.description) == url)
    }

    @Test(arguments: [
        "", "http://", "http://:80", "http://h:0", "http://h:65536", "http://h:+1", "http://h:", "http://::1",
        "http://[::1", "http://[::1]x", "http://u@h", "http://h/?a", "ftp://h", "http://h/a b", "http://a b/",
        "https://", "wss://h:0",
    ])
    func refuses(text: String) {
        #expect(throws: URLFailure.self) { try GatewayURL(text) }
    }

    @Test func theArgumentGoesBeforeTheEnvironment() throws {
        #expect(try GatewayURL(argument: "http://a", environment: "http://b").host == "a")
        #expect(try GatewayURL(argument: nil, environment: "http://b").host == "b")
        #expect(try GatewayURL(argument: nil, environment: "").description == GatewayURL.standard)
    }
}
