/// `access.backend` as it is written in the settings.
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
