import Broker
import Primitives
import Testing

@testable import Access

/// What one node leaves of a ticket's principal, and another one makes of it.
@Suite struct PrincipalNoteTests {
    private static let time = UnixTime(milliseconds: 1_764_000_000_000)
    private static let now = Instant(nanoseconds: 1 << 61)
    /// The other node's clock began elsewhere.
    private static let otherNow = Instant(nanoseconds: 5 << 60)
    private static let (_, hash) = AccessKey.make()

    private static func rights(_ subscribe: String...) throws -> Rights {
        var rights = Rights()
        rights.subscribe = Rights.Scope(try subscribe.map { try TopicPattern(Array($0.utf8).span) })
        rights.maximumRate = 2.5
        rights.connectionLimit = 7
        return rights
    }

    private static func ofKey() throws -> Principal {
        let maker = AccessKey(name: "desk \"é\"", hash: hash, addresses: [], rights: .all).principal
        return Principal(
            name: "ann\n", rights: try rights("a/\"x\"/*", "b/**"), ticketOf: maker, isGranted: true)
    }

    private static func ofToken(life: UInt64) throws -> Principal {
        let maker = Principal(
            name: "ann", rights: .all, proof: .token, expires: UnixTime(milliseconds: 1_764_000_500_000),
            after: Interval(milliseconds: life), now: now, restingOn: hash)
        return Principal(name: "ann", rights: .all, ticketOf: maker)
    }

    private static func passed(_ principal: Principal, after milliseconds: UInt64 = 0) throws -> Principal? {
        let note = try #require(principal.note(at: time, now))
        return Principal(
            ofTicket: note, at: UnixTime(milliseconds: time.milliseconds + milliseconds),
            otherNow + Interval(milliseconds: milliseconds))
    }

    @Test func comesBackAsItWas() throws {
        let former = try Self.ofKey()
        let found = try #require(try Self.passed(former))
        #expect(found.name == former.name && found.key == "desk \"é\"" && found.basis == Self.hash)
        #expect(found.proof == .ticket && found.isGranted && found.expires == nil && found.end == .never)
        #expect(found.rights.subscribe.patterns == former.rights.subscribe.patterns)
        #expect(found.rights.publish.isNothing && found.rights.grant.isNothing && !found.rights.operate)
        #expect(found.rights.maximumRate == 2.5 && found.rights.connectionLimit == 7)
    }

    @Test func neverHandsOnWhatNoTicketHas() throws {
        let found = try #require(try Self.passed(Self.ofToken(life: 500_000)))
        #expect(found.rights.grant.isNothing && !found.rights.operate)
        guard case .everything = found.rights.subscribe else {
            Issue.record("it may read less")
            return
        }
    }

    @Test func endsAtTheSameMoment() throws {
        // A leeway lets it live beyond what it is told.
        let former = try Self.ofToken(life: 530_000)
        let found = try #require(try Self.passed(former, after: 20_000))
        #expect(found.expires == former.expires)
        #expect(found.end == Self.otherNow + Interval(milliseconds: 530_000) && found.farewell == found.end)
        #expect(found.warning == Self.otherNow + Interval(milliseconds: 530_000 - 51_000))
        #expect(try Self.passed(former, after: 529_999) != nil)
        #expect(try Self.passed(former, after: 530_000) == nil)
    }

    @Test func whatRestsOnNothingIsNotLeft() throws {
        let nobody = Principal(name: "x", rights: .all, proof: .key)
        #expect(Principal(name: "x", rights: .all, ticketOf: nobody).note(at: Self.time, Self.now) == nil)
    }

    @Test func garbageIsNobody() throws {
        let note = try #require(try Self.ofToken(life: 500_000).note(at: Self.time, Self.now))
        func read(_ note: [UInt8]) -> Principal? { Principal(ofTicket: note, at: Self.time, Self.now) }
        #expect(read(note) != nil)
        for end in 0..<note.count { #expect(read(Array(note[..<end])) == nil) }
        let text = note.span.text
        for (part, other) in [
            ("\"version\":1", "\"version\":2"), ("\"version\":1,", ""),
            ("\"granted\":false", "\"granted\":0"),
            (",\"granted\":false", ""), ("\"basis\":\"", "\"basis\":\"0"), ("[\"**\"]", "[\"a//b\"]"),
            ("[\"**\"]", "7"), ("\"end\":", "\"end\":-"), ("\"end\":", "\"end\":0."),
            ("\"end\":", "\"end\":9e99,\"x\":"),
            ("\"expires\":", "\"x\":"), ("\"name\":\"ann\"", "\"name\":1"),
        ] {
            let changed = text.replacing(part, with: other)
            #expect(changed != text && read(Array(changed.utf8)) == nil, "\(changed)")
        }
    }

    /// A reload that takes the key away holds for what was left before.
    @Test func successionHolds() throws {
        let found = try #require(try Self.passed(Self.ofKey()))
        var credentials = Credentials(anonymous: Rights())
        func successor() -> Principal? {
            Succession(to: credentials).successor(of: found, from: { nil }, at: Self.time, Self.otherNow)
        }
        #expect(successor() == nil)
        var rights = Rights()
        rights.grant = Rights.Scope([try TopicPattern(Array("b/*".utf8).span)])
        credentials.keys = [AccessKey(name: "desk", hash: Self.hash, addresses: [], rights: rights)]
        #expect(successor()?.rights.subscribe.patterns.map { $0.text.span.text } == ["b/*"])
    }
}
