import HTTP
import Testing
import Transport

@testable import Gateway

/// Who is let in, by what a request's head says.
@Suite struct AccessPolicyTests {
    private func policy(
        origins: [String] = [], hosts: [String] = ["auto"], host: String = "127.0.0.1",
        listeningAt address: String = "127.0.0.1"
    ) throws -> AccessPolicy {
        var settings = AccessSettings()
        settings.origins = try origins.map { text in try OriginPattern(text) }
        settings.hosts = try hosts.map { text in try HostPattern(text) }
        var endpoint = Endpoint()
        endpoint.host = host
        return AccessPolicy(
            settings, [endpoint], at: try SocketAddress.resolve(host: address, port: 8080))
    }

    private func head(_ fields: String, target: String = "/sse", version: String = "1.1") throws
        -> RequestHead
    {
        var parser = RequestParser()
        let text = "GET \(target) HTTP/\(version)\r\n\(fields)\(fields.isEmpty ? "" : "\r\n")\r\n"
        return try #require(try parser.parse(Array(text.utf8).span)).head
    }

    // MARK: Hosts

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:9000", true), ("127.0.0.1", true), ("127.0.0.1:8080", true),
        ("[::1]:8080", true), ("tide.internal:1", true), ("evil.example", false),
        ("evil.example:8080", false),
        ("localhost.evil.example", false), ("evil-localhost", false), ("localhost.", false),
        ("127.0.0.2", false),
        ("[::2]", false), ("", false), ("a:b", false),
    ])
    func loopbackAnswersToItsNames(host: String, isAnswered: Bool) throws {
        let policy = try policy(host: "tide.internal")
        #expect(policy.answers(to: try head("Host: \(host)")) == isAnswered)
    }

    @Test func anAddressOfVersionSixIsNamedInBrackets() throws {
        let policy = try policy(host: "::1", listeningAt: "::1")
        #expect(policy.answers(to: try head("Host: [::1]:8080")))
        #expect(!policy.answers(to: try head("Host: evil.example")))
    }

    @Test func elsewhereEveryNameWillDoUnlessSomeAreSet() throws {
        let evil = try head("Host: evil.example")
        #expect(try policy(listeningAt: "0.0.0.0").answers(to: evil))
        #expect(try policy(hosts: []).answers(to: evil))
        #expect(try policy(hosts: ["auto", "a.example"], listeningAt: "0.0.0.0").answers(to: evil))
        #expect(try !policy(hosts: ["a.example"], listeningAt: "0.0.0.0").answers(to: evil))
    }

    @Test(arguments: [
        ("a.example", true), ("A.example:1", true), ("b.example:8443", true), ("b.example", false),
        ("b.example:8444", false), ("localhost", false), ("x.a.example", false),
    ])
    func namesThatAreSetAreTheOnlyOnes(host: String, isAnswered: Bool) throws {
        let policy = try policy(hosts: ["a.Example", "b.example:8443"])
        #expect(policy.answers(to: try head("Host: \(host)")) == isAnswered)
        let both = try self.policy(hosts: ["auto", "a.example"])
        for host in ["localhost", "a.example"] { #expect(both.answers(to: try head("Host: \(host)"))) }
    }

    /// RFC 9112 §3.2.2.
    @Test func anAbsoluteTargetNamesTheHost() throws {
        let policy = try policy()
        #expect(!policy.answers(to: try head("Host: localhost", target: "http://evil.example/sse")))
        #expect(policy.answers(to: try head("Host: evil.example", target: "http://localhost:80/sse")))
    }

    @Test func whoNamesNoHostIsNoBrowser() throws {
        #expect(try policy().answers(to: head("", version: "1.0")))
        #expect(try !policy().answers(to: head("Host: evil.example", version: "1.0")))
    }

    // MARK: Pages

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fields: String
        let caller: AccessPolicy.Caller
        var origins: [String] = []
        var testDescription: String { name }
    }

    private static let evil = AccessPolicy.Caller.foreign("http://evil.example")
    private static func allowed(_ origin: String) -> AccessPolicy.Caller {
        .allowed(origin: Array(origin.utf8))
    }

    static let cases = [
        Case(name: "a program", fields: "", caller: .own),
        Case(name: "an address typed", fields: "\r\nSec-Fetch-Site: none", caller: .own),
        Case(name: "an own page reads", fields: "\r\nSec-Fetch-Site: same-origin", caller: .own),
        Case(
            name: "an own page posts",
            fields: "\r\nOrigin: http://gate.example\r\nSec-Fetch-Site: same-origin",
            caller: .own),
        Case(name: "an own page of before", fields: "\r\nOrigin: http://gate.example", caller: .own),
        Case(name: "an own page, TLS before us", fields: "\r\nOrigin: https://gate.example", caller: .own),
        Case(name: "in capitals", fields: "\r\nOrigin: HTTPS://GATE.example:443", caller: .own),
        Case(
            name: "the other scheme, seen through",
            fields:
                "\r\nOrigin: http://gate.example\r\nSec-Fetch-Site: cross-site",
            caller: .foreign("http://gate.example")),
        Case(
            name: "another port", fields: "\r\nOrigin: http://gate.example:81",
            caller: .foreign("http://gate.example:81")),
        Case(
            name: "a name below", fields: "\r\nOrigin: http://x.gate.example",
            caller: .foreign("http://x.gate.example")),
        Case(
            name: "another scheme", fields: "\r\nOrigin: app://gate.example",
            caller: .foreign("app://gate.example")),
        Case(name: "a stranger", fields: "\r\nOrigin: http://evil.example", caller: evil),
        Case(
            name: "a stranger in our name",
            fields: "\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: same-origin",
            caller: evil),
        Case(
            name: "a picture elsewhere", fields: "\r\nSec-Fetch-Site: cross-site",
            caller: .foreign("another origin")),
        Case(
            name: "a picture next door", fields: "\r\nSec-Fetch-Site: same-site",
            caller: .foreign("another origin")),
        Case(name: "an unknown site", fields: "\r\nSec-Fetch-Site: moon", caller: .foreign("another origin")),
        Case(name: "no name", fields: "\r\nOrigin: null", caller: .foreign("null")),
        Case(name: "no name, let in", fields: "\r\nOrigin: null", caller: allowed("null"), origins: ["null"]),
        Case(name: "an empty name", fields: "\r\nOrigin:", caller: .foreign("")),
        Case(
            name: "allowed", fields: "\r\nOrigin: https://app.example\r\nSec-Fetch-Site: cross-site",
            caller: allowed("https://app.example"), origins: ["https://a.example", "https://app.example"]),
        Case(
            name: "allowed, by the letter", fields: "\r\nOrigin: HTTPS://App.Example:443",
            caller: allowed("HTTPS://App.Example:443"), origins: ["https://app.example"]),
        Case(
            name: "allowed by https only", fields: "\r\nOrigin: http://app.example",
            caller: .foreign("http://app.example"), origins: ["https://app.example"]),
        Case(
            name: "an allowed page's picture", fields: "\r\nSec-Fetch-Site: cross-site",
            caller: .foreign("another origin"), origins: ["*"]),
        Case(
            name: "everybody", fields: "\r\nOrigin: http://evil.example",
            caller: allowed("http://evil.example"), origins: ["*"]),
        Case(
            name: "everybody, nobody too", fields: "\r\nOrigin: null", caller: allowed("null"), origins: ["*"]
        ),
        Case(
            name: "two origins", fields: "\r\nOrigin: https://app.example https://evil.example",
            caller: .foreign("https://app.example https://evil.example"), origins: ["https://app.example"]),
    ]

    @Test(arguments: cases) func aCallerIsKnownByItsFields(example: Case) throws {
        let policy = try policy(origins: example.origins, hosts: [])
        #expect(try policy.caller(of: head("Host: gate.example\(example.fields)")) == example.caller)
    }

    @Test func withoutAHostNoPageIsOurOwn() throws {
        let head = try head("Origin: http://gate.example", version: "1.0")
        #expect(try policy().caller(of: head) == .foreign("http://gate.example"))
    }

    @Test func aLongNameIsToldInPart() throws {
        let origin = "http://" + String(repeating: "a", count: 5000)
        #expect(
            try policy().caller(of: head("Host: x\r\nOrigin: \(origin)"))
                == .foreign(String(origin.prefix(300))))
    }

    // MARK: Patterns

    @Test(arguments: [
        ("https://*.example.com", "https://a.example.com", true),
        ("https://*.example.com", "https://b.a.Example.com", true),
        ("https://*.example.com", "https://example.com", false),
        ("https://*.example.com", "https://.example.com", false),
        ("https://*.example.com", "https://evilexample.com", false),
        ("https://*.example.com", "https://a.example.com.evil.example", false),
        ("https://*.example.com", "http://a.example.com", false),
        ("https://*.example.com", "https://a.example.com:8443", false),
        ("https://*.example.com:8443", "https://a.example.com:8443", true),
        ("https://*.example.com:*", "https://a.example.com:8443", true),
        ("http://localhost:*", "http://localhost", true),
        ("http://localhost:*", "http://localhost:5173", true),
        ("http://localhost:*", "https://localhost:5173", false),
        ("http://localhost:*", "http://localhost.evil.example:80", false),
        ("http://localhost:*", "null", false), ("null", "http://null", false), ("null", "", false),
        ("app://local", "app://local", true), ("*", "", true), ("http://[::1]:*", "http://[::1]:9", true),
    ])
    func aPatternCovers(pattern: String, origin: String, isCovered: Bool) throws {
        #expect(try OriginPattern(pattern).covers(Array(origin.utf8).span) == isCovered)
    }

    @Test(arguments: [
        ("app.example.com", "it has no scheme; write \"https://app.example.com\""), ("", "it has no scheme"),
        ("https://app.example.com/", "an origin has no path; write \"https://app.example.com\""),
        ("https://app.example.com/page", "write \"https://app.example.com\""),
        ("wss://app.example.com", "it names the page, not the WebSocket; write \"https://…\""),
        ("https://*", "a star stands for"), ("https://app.*.com", "a star stands for"),
        ("https://*app.example.com", "a star stands for"), ("*://app.example.com", "it is no origin"),
        ("https://a.example:8*", "a star stands for"), ("https://app.example.com:x", "it is no origin"),
        ("https://", "it is no origin"), ("https://ä.example", "Punycode"),
        ("https://a.example?x", "it is no origin"),
    ])
    func anOriginThatCannotBeMeantIsRefused(text: String, says: String) {
        expectRefusal(of: text, saying: says) { text throws(AccessFailure) in _ = try OriginPattern(text) }
    }

    @Test(arguments: [
        ("http://a.example", "no scheme and no path"), ("a.example/", "no scheme and no path"),
        ("*", "an empty list"), ("*.example.com", "no stars"), ("", "it is no host"),
        ("::1", "it is no host"),
        ("a:99999", "it is no host"),
    ])
    func aHostThatCannotBeMeantIsRefused(text: String, says: String) {
        expectRefusal(of: text, saying: says) { text throws(AccessFailure) in _ = try HostPattern(text) }
    }

    private func expectRefusal(
        of text: String, saying reason: String, _ read: (String) throws(AccessFailure) -> Void
    ) {
        do throws(AccessFailure) {
            try read(text)
            Issue.record("\"\(text)\" was taken")
        } catch {
            #expect(error.description.hasPrefix("\"\(text)\": ") && error.description.contains(reason))
        }
    }
}
