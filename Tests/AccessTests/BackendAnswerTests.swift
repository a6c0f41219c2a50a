import Broker
import Primitives
import Testing

@testable import Access

/// What a backend says, taken apart.
@Suite struct BackendAnswerTests {
    private static let basis = Digest(of: [1, 2, 3].span)
    private static let time = UnixTime(milliseconds: 1_764_000_000_000)
    private static let now = Instant(nanoseconds: 5_000_000_000)

    private func answer(_ status: Int, _ text: String = "") -> BackendAnswer {
        BackendAnswer(
            status: status, Array(text.utf8), restingOn: Self.basis, at: Self.time, Self.now)
    }

    private func reason(_ text: String) -> String? {
        guard case .failure(let reason) = answer(200, text) else { return nil }
        return reason
    }

    private func allows(_ scope: Rights.Scope, _ topic: String) -> Bool {
        scope.allows(topic: Array(topic.utf8).span)
    }

    @Test func aPrincipalHasWhatIsSaid() throws {
        let text =
            #"{"subject":"ann|7","expires":1764000600.5,"subscribe":["stocks/*","inbox/{subject}/**"],"publish":"a","grant":[],"operate":true,"maxRate":2.5,"connections":3,"more":1}"#
        guard case .principal(let principal) = answer(200, text) else {
            Issue.record("\(answer(200, text))")
            return
        }
        #expect(principal.name == "ann|7" && principal.proof == .backend && principal.basis == Self.basis)
        #expect(allows(principal.rights.subscribe, "inbox/ann%7C7/x"))
        #expect(!allows(principal.rights.subscribe, "inbox/bob/x"))
        #expect(allows(principal.rights.publish, "a"))
        #expect(principal.rights.operate && principal.rights.maximumRate == 2.5)
        #expect(principal.rights.connectionLimit == 3 && principal.rights.grant.isNothing)
        #expect(principal.expires?.milliseconds == 1_764_000_600_500)
        #expect(principal.end == Self.now + .milliseconds(600_500))
    }

    @Test func aStatusIsAnAnswer() {
        for (status, what) in [(204, "nobody"), (401, "unauthenticated"), (403, "forbidden")] {
            #expect("\(answer(status, "{}"))" == what)
        }
        for status in [0, 100, 201, 206, 301, 302, 307, 400, 402, 404, 429, 500, 503] {
            guard case .failure = answer(status, #"{"subject":"ann","expires":1764000600}"#) else {
                Issue.record("\(status)")
                continue
            }
        }
    }

    @Test(arguments: [
        "", "null", "[]", "<html>", "{}", #"{"subject":"ann"}"#, #"{"expires":1764000600}"#,
        #"{"subject":"","expires":1764000600}"#, #"{"subject":7,"expires":1764000600}"#,
        #"{"subject":"ann","expires":"1764000600"}"#, #"{"subject":"ann","expires":1e400}"#,
        #"{"subject":"ann","expires":-1}"#, #"{"subject":"ann","expires":1763999999}"#,
        #"{"subject":"ann","subject":"bob","expires":1764000600}"#,
        #"{"subject":"ann","expires":1764000600,"subscribe":["a/**/b"]}"#,
        #"{"subject":"ann","expires":1764000600,"subscribe":{"a":1}}"#,
        #"{"subject":"..","expires":1764000600,"subscribe":["a/{subject}"]}"#,
        #"{"subject":"ann","expires":1764000600,"operate":"yes"}"#,
        #"{"subject":"ann","expires":1764000600,"connections":0}"#,
        #"{"subject":"ann","expires":1764000600,"maxRate":-1}"#,
        #"{"subject":"ann","expires":1764000600}{"#,
    ]) func whatIsNoPrincipalIsNobody(text: String) throws {
        let told = reason(text)
        let reason = try #require(told)
        #expect(!reason.isEmpty && !reason.contains("ann"))
    }

    /// A cut anywhere makes no other principal.
    @Test func cutAtEveryByte() {
        let text = #"{"subject":"ann","expires":1764000600,"subscribe":["a/*"],"operate":false}"#
        for count in 0..<text.utf8.count { #expect(reason(String(text.prefix(count))) != nil) }
        #expect(reason(text) == nil)
    }

    @Test func aSuccessorIsTheSameUnderTheSameBackend() throws {
        guard case .principal(let ann) = answer(200, #"{"subject":"ann","expires":1764000600}"#) else {
            Issue.record("no principal")
            return
        }
        let credentials = Credentials(anonymous: Rights())
        let same = Succession(to: credentials, backend: Self.basis)
        #expect(same.successor(of: ann, from: { nil }, at: Self.time, Self.now) === ann)
        for other in [nil, Digest(of: [7].span)] {
            let succession = Succession(to: credentials, backend: other)
            #expect(succession.successor(of: ann, from: { nil }, at: Self.time, Self.now) == nil)
        }
    }

    // MARK: Remembering

    @Test func whatIsRememberedEnds() throws {
        guard case .principal(let ann) = answer(200, #"{"subject":"ann","expires":1764000060}"#) else {
            Issue.record("no principal")
            return
        }
        var known = KnownPrincipals(limit: 2)
        let digests = (0..<3).map { Digest(of: [UInt8($0)].span) }
        known.remember(ann, of: digests[0], until: Self.now + .seconds(5))
        known.remember(ann, of: digests[1], until: Self.now + .seconds(500))
        #expect(known.principal(of: digests[0], at: Self.now + .seconds(4)) === ann)
        #expect(known.principal(of: digests[0], at: Self.now + .seconds(5)) == nil)
        #expect(known.principal(of: digests[1], at: Self.now + .seconds(59)) === ann)
        #expect(known.principal(of: digests[1], at: Self.now + .seconds(60)) == nil)
        known.remember(ann, of: digests[2])
        #expect(known.count == 2 && known.principal(of: digests[0], at: Self.now) == nil)
    }
}
