import Testing

@testable import HTTP

@Suite struct WebURLTests {
    @Test func takesWhatIsOne() throws {
        for (text, host, port, target, shown) in [
            ("http://a", "a", 80, "/", "http://a/"),
            ("https://App.Example:443/who", "app.example", 443, "/who", "https://app.example/who"),
            ("HTTPS://a:8443/x/?q=1&r=%20", "a", 8443, "/x/?q=1&r=%20", "https://a:8443/x/?q=1&r=%20"),
            ("http://[::1]:90?q", "::1", 90, "/?q", "http://[::1]:90/?q"),
            ("http://10.0.0.1:80/", "10.0.0.1", 80, "/", "http://10.0.0.1/"),
        ] as [(String, String, UInt16, String, String)] {
            let url = try #require(WebURL(text), "\(text)")
            #expect(url.host == host && url.port == port && url.target == target)
            #expect(url.description == shown && WebURL(shown) == url)
            #expect(url.isSecure == text.lowercased().hasPrefix("https"))
        }
    }

    @Test(arguments: [
        "", "a", "/who", "//a/who", "ftp://a/", "file:///etc/passwd", "ws://a", "http:/a", "http://",
        "http:///x",
        "http://user@a/", "http://user:password@a/", "http://a:0x1f/", "http://a:99999/", "http://a b/",
        "http://a/b c", "http://a/\r\nHost: b", "http://a/#part", "http://a/ü", " http://a/", "http://::1/",
    ]) func refusesAllElse(text: String) { #expect(WebURL(text) == nil) }
}
