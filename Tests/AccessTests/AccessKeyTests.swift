import Broker
import Primitives
import Testing

/// Keys, the addresses they may come from, and the patterns that rights are made of.
@testable import Access

@Suite struct AccessKeyTests {
    private func show(
        _ credential: Credential, _ credentials: Credentials, from peer: String = "10.1.2.3:4711"
    ) throws(CredentialFailure) -> Principal {
        var known = KnownPrincipals(limit: 1)
        return try credentials.principal(
            showing: credential, from: { AddressRange.bytes(ofPeer: peer) }, at: UnixTime(milliseconds: 0),
            Instant(nanoseconds: 0), &known)
    }

    @Test func knowsItsKeysByTheirHash() throws {
        let (key, hash) = AccessKey.make()
        let (other, otherHash) = AccessKey.make()
        #expect(key.hasPrefix("tg_") && key.count == 46 && key != other)
        let written = try #require(Digest(setting: hash.setting))
        var credentials = Credentials(anonymous: Rights())
        credentials.keys = [
            AccessKey(name: "b", hash: otherHash, addresses: [], rights: Rights()),
            AccessKey(name: "a", hash: written, addresses: [], rights: .all),
        ]
        #expect(try show(.bearer(Array(key.utf8)), credentials).name == "a")
        #expect(try show(.named(Array("a".utf8), key: Array(key.utf8)), credentials).key == "a")
        #expect(throws: CredentialFailure.unknownKey) {
            try show(.named(Array("b".utf8), key: Array(key.utf8)), credentials)
        }
        for wrong in ["", "tg_", key + "x", String(key.dropLast()), hash.hexadecimal] {
            #expect(throws: CredentialFailure.unknownKey) {
                try show(.bearer(Array(wrong.utf8)), credentials)
            }
        }
        // There is no issuer: what looks like a token is none.
        #expect(throws: CredentialFailure.noneAccepted) {
            try show(.bearer(Array("a.b.c".utf8)), credentials)
        }
    }

    @Test(arguments: ["md5:00", "sha256:", "sha256:zz", String(repeating: "0", count: 64)])
    func refusesHashes(text: String) {
        #expect(Digest(setting: text) == nil)
    }

    @Test func asksWhereAKeyComesFrom() throws {
        let (key, hash) = AccessKey.make()
        var credentials = Credentials(anonymous: Rights())
        let range = try #require(AddressRange("10.0.0.0/8"))
        credentials.keys = [AccessKey(name: "a", hash: hash, addresses: [range], rights: .all)]
        let shown = Credential.bearer(Array(key.utf8))
        #expect(try show(shown, credentials, from: "10.255.0.1:1").name == "a")
        #expect(try show(shown, credentials, from: "[::ffff:10.0.0.1]:1").name == "a")
        for peer in ["11.0.0.1:1", "[::1]:1", "?", "", "/run/tidegate.sock"] {
            #expect(throws: CredentialFailure.foreignAddress, "\(peer)") {
                try show(shown, credentials, from: peer)
            }
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.0/25", "192.0.2.127", true), ("192.0.2.0/25", "192.0.2.128", false),
        ("0.0.0.0/0", "255.1.2.3", true), ("0.0.0.0/0", "::1", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("::/0", "::1", true), ("::1/128", "::1", true),
    ]) func containsAddresses(range: String, address: String, isInside: Bool) throws {
        let bytes = try #require(AddressRange.bytes(ofAddress: address))
        #expect(try #require(AddressRange(range)).contains(bytes) == isInside)
    }

    /// Who comes by a Unix socket is a user of this machine, and has no address.
    @Test(arguments: [
        ("unix:", "unix:uid=1000,pid=4711", true), ("unix:", "unix:uid=0,pid=1", true),
        ("unix:uid=1000", "unix:uid=1000,pid=4711", true), ("unix:uid=1000", "unix:uid=100,pid=4711", false),
        ("unix:", "0.0.0.1:80", false), ("0.0.0.0/0", "unix:uid=1,pid=2", false),
        ("::/0", "unix:uid=1,pid=2", false),
    ]) func containsUsers(range: String, peer: String, isInside: Bool) throws {
        let bytes = try #require(AddressRange.bytes(ofPeer: peer))
        #expect(try #require(AddressRange(range)).contains(bytes) == isInside)
        // No client of a proxy gets there by what it writes.
        #expect(ForwardedNode(Array(peer.utf8)).address != bytes || !peer.hasPrefix("unix"))
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0/8", "::/129", "a", "10.0.0.0/8/8",
        "10.0.0.0/+8", "unix", "unix:1000", "unix:uid=", "unix:uid=-1", "unix:uid=4294967296",
        "unix:uid=1,pid=2",
    ])
    func refusesRanges(text: String) {
        #expect(AddressRange(text) == nil)
    }

    // MARK: {subject}

    @Test(arguments: [
        ("ann", "inbox/ann/**"), ("a/b", "inbox/a%2Fb/**"), ("*", "inbox/%2A/**"), ("**", "inbox/%2A%2A/**"),
        ("a%2Fb", "inbox/a%252Fb/**"), ("é", "inbox/%C3%A9/**"), ("a b,c", "inbox/a%20b%2Cc/**"),
        ("auth0|5f7c", "inbox/auth0%7C5f7c/**"), ("...", "inbox/.../**"),
        ("{subject}", "inbox/%7Bsubject%7D/**"),
    ]) func putsTheSubjectInItsPlace(subject: String, pattern: String) throws {
        let text = Array("inbox/{subject}/**".utf8)
        #expect(try GrantedPattern.resolved(text.span, for: Array(subject.utf8)) == TopicPattern(pattern))
    }

    @Test(arguments: ["", ".", ".."]) func refusesSubjectsThatAreNoSegment(subject: String) {
        let text = Array("user-{subject}".utf8)
        #expect(throws: GrantFailure.self) {
            try GrantedPattern.resolved(text.span, for: Array(subject.utf8))
        }
    }

    @Test func refusesASubjectWhereThereIsNone() {
        let text = Array("inbox/{subject}".utf8)
        #expect(throws: GrantFailure.self) { try GrantedPattern.resolved(text.span, for: nil) }
    }

    /// No two names make one segment, and no name makes more than one.
    @Test func keepsSubjectsApart() throws {
        var segments: [[UInt8]: [UInt8]] = [:]
        let bytes: [UInt8] = Array("a%2Ff*/,.é".utf8)
        for first in bytes {
            for second in bytes {
                for third in bytes {
                    let name = [first, second, third]
                    guard let segment = GrantedPattern.segment(of: name) else { continue }
                    #expect(segments.updateValue(name, forKey: segment).map { $0 == name } ?? true)
                    #expect(!segment.contains(ASCII.slash) && !segment.contains(ASCII.asterisk))
                }
            }
        }
    }
}
