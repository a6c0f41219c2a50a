import Primitives
import Testing

@testable import Access

/// Whose certificate it is, for how long, and who that is after a reload.
@Suite struct AccessCertificateTests {
    private let time = UnixTime(milliseconds: 1_764_000_000_000)
    private let now = Instant(nanoseconds: 5_000_000_000)
    private let end = UnixTime(milliseconds: 1_764_000_100_000)

    private func credentials(_ entries: (String, String)..., rights: Rights = .all) -> Credentials {
        var credentials = Credentials(anonymous: Rights())
        credentials.certificates = entries.map { AccessCertificate(name: $0.0, mark: $0.1, rights: rights) }
        return credentials
    }

    private func name(_ marks: [String]) -> String? {
        credentials(("feeder", "CN=feeder-1,O=Example"), ("mesh", "URI:spiffe://mesh/a"))
            .principal(showing: marks, until: end, at: time, now)?.name
    }

    @Test(
        arguments: [
            (["CN=feeder-1,O=Example"], "feeder"), (["CN=x", "DNS:a", "URI:spiffe://mesh/a"], "mesh"),
            (["CN=feeder-1,O=Example", "URI:spiffe://mesh/a"], "feeder"), (["CN=feeder-1"], nil),
            (["CN=feeder-1,O=Example,C=DE"], nil), (["cn=feeder-1,O=Example"], nil),
            (["URI:spiffe://mesh/a/b"], nil), (["DNS:spiffe://mesh/a"], nil), ([], nil),
        ] as [([String], String?)])
    func isFoundByAllOfWhatItSays(marks: [String], expected: String?) {
        #expect(name(marks) == expected)
    }

    @Test func endsWithTheCertificate() throws {
        let credentials = credentials(("a", "CN=a"))
        let principal = try #require(credentials.principal(showing: ["CN=a"], until: end, at: time, now))
        #expect(principal.expires == end && principal.end == now + .nanoseconds(100_000_000_000))
        #expect(principal.warning < principal.end && principal.proof == .certificate)
        #expect(credentials.principal(showing: ["CN=a"], until: end, at: end, now) == nil)
        #expect(credentials.areWanted)
    }

    @Test func whoeverIsTakenOutIsNobody() throws {
        var few = Rights()
        few.operate = true
        let before = credentials(("a", "CN=a"))
        let principal = try #require(before.principal(showing: ["CN=a"], until: end, at: time, now))
        func successor(_ credentials: Credentials, at time: UnixTime) -> Principal? {
            Succession(to: credentials).successor(of: principal, from: { nil }, at: time, now)
        }
        let renamed = try #require(successor(credentials(("b", "CN=a"), rights: few), at: time))
        #expect(renamed.name == "b" && renamed.rights.subscribe.isNothing && renamed.expires == end)
        #expect(successor(credentials(("a", "CN=b")), at: time) == nil)
        #expect(successor(before, at: end) == nil)
        let ticket = Principal(name: "t", rights: .all, ticketOf: principal)
        #expect(Succession(to: credentials()).successor(of: ticket, from: { nil }, at: time, now) == nil)
        let narrowed = Succession(to: credentials(("a", "CN=a"), rights: few))
            .successor(of: ticket, from: { nil }, at: time, now)
        #expect(narrowed?.rights.subscribe.isNothing ?? true)
    }
}
