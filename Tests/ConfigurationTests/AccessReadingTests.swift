/// `access.backend` as it is written in the settings.
import Access
import Configuration
import Gateway
import HTTP
import Testing

@Suite struct BackendReadingTests {
    private func read(_ backend: String, _ more: String = "") throws -> BackendSettings? {
        let text = #"{"access": { "anonymous": {}, "backend": \#(backend)\#(more) }}"#
        let configuration = try TidegateConfiguration(text: Array(text.utf8), file: "/settings/config.json")
        return configuration.gateway.access.backend
    }

    private func refusal(of backend: String, _ more: String = "") -> String {
        do {
            return "nothing was refused: \(try read(backend, more) as Any)"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsWhatIsThere() throws {
        let short = try #require(try read(#"{ "url": "https://app.example/who" }"#))
        #expect(short.url == WebURL("https://app.example/who") && short.authorities == nil)
        #expect(short.fields == ["Cookie", "Authorization"] && short.timeout == .seconds(2))
        #expect(short.memory == .seconds(60) && short.takesCookies)
        let long = try #require(
            try read(
                #"{ "url": "http://a:1", "headers": ["X-Session"], "timeout": 0.5, "cache": 0, "ca": "ca.pem" }"#,
                #", "origins": ["*"]"#))
        #expect(long.fields == ["X-Session"] && long.timeout == .milliseconds(500) && long.memory == .zero)
        #expect(long.authorities == "/settings/ca.pem" && !long.takesCookies)
    }

    @Test(arguments: [
        (#"{}"#, "url"), (#"{ "url": "app.example" }"#, "url"), (#"{ "url": "http://u:p@a/" }"#, "url"),
        (#"{ "url": "http://a", "headers": [] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["a b"] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["A\r\nB"] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["Host"] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["transfer-encoding"] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["Cookie", "cookie"] }"#, "headers"),
        (#"{ "url": "http://a", "headers": ["1","2","3","4","5","6","7","8","9"] }"#, "headers"),
        (#"{ "url": "http://a", "timeout": 0 }"#, "timeout"),
        (#"{ "url": "http://a", "timeout": 31 }"#, "timeout"),
        (#"{ "url": "http://a", "cache": 3601 }"#, "cache"),
        (#"{ "url": "http://a", "timeuot": 1 }"#, "timeuot"),
    ]) func refusesAllElse(backend: String, key: String) {
        #expect(refusal(of: backend).contains("access.backend.\(key)"))
    }

    @Test func aCookieNeedsNarrowOrigins() {
        for wide in ["*", "null"] {
            let refusal = refusal(of: #"{ "url": "http://a" }"#, #", "origins": ["\#(wide)"]"#)
            #expect(refusal.contains("access.backend.headers") && refusal.contains("list the origins"))
        }
    }
}

/// An issuer's `keys` as a URL.
@Suite struct KeySourceReadingTests {
    private func issuer(_ members: String) throws -> (source: String?, sources: [KeySource]) {
        let text = #"{"access":{"anonymous":{},"tokens":{"issuers":[{\#(members)}]}}}"#
        let access = try TidegateConfiguration(text: Array(text.utf8), file: "/settings/config.json").gateway
            .access
        return (access.credentials.issuers[0].keySource, access.keySources)
    }

    @Test func aURLIsASource() throws {
        let (name, sources) = try issuer(
            #""algorithms": ["ES256"], "keys": "https://id.example/k?x=1", "ca": "ca.pem""#)
        let url = try #require(WebURL("https://id.example/k?x=1"))
        #expect(sources == [KeySource(url: url, authorities: "/settings/ca.pem")])
        #expect(name == sources.first?.name)
    }

    @Test(arguments: [
        #""algorithms": ["ES256"], "keys": "http://id.example/k""#,
        #""algorithms": ["ES256"], "keys": "https://u:p@id.example/k""#,
        #""algorithms": ["ES256"], "keys": "https:///k""#, #""algorithms": ["ES256"], "keys": "ftp://a/k""#,
        // What is fetched is no secret.
        #""algorithms": ["HS256"], "keys": "https://id.example/k""#,
    ]) func allElseIsNone(members: String) {
        #expect(throws: (any Error).self) { try issuer(members) }
    }
}
