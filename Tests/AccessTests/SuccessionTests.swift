import Broker
import Primitives
import TestSupport
import Testing

@testable import Access

/// Who principals are after a reload.
@Suite struct SuccessionTests {
    private static let time = UnixTime(milliseconds: 1_764_000_000_000)
    private static let now = Instant(nanoseconds: 5_000_000_000)
    private static let (key, hash) = AccessKey.make()
    private static let secret = [UInt8](repeating: 0x5A, count: 32)
    private static let maker = TokenMaker(.secret(secret))

    private static func rights(_ subscribe: String..., grant: [String] = []) throws -> Rights {
        var rights = Rights()
        rights.subscribe = .within(PatternSet(try subscribe.map { try TopicPattern($0) }))
        rights.grant = .within(PatternSet(try grant.map { try TopicPattern($0) }))
        return rights
    }

    private static func keyed(
        _ rights: Rights, name: String = "desk", hash: Digest = hash, addresses: [AddressRange] = []
    ) -> Credentials {
        var credentials = Credentials(anonymous: Rights())
        credentials.keys = [AccessKey(name: name, hash: hash, addresses: addresses, rights: rights)]
        return credentials
    }

    private static func issued(_ change: (inout Issuer) -> Void = { _ in }, until end: UnixTime? = nil) throws
        -> Credentials
    {
        var credentials = Credentials(anonymous: Rights())
        let key = try #require(VerifyingKey(secret: secret, until: end))
        var issuer = Issuer(name: "app", algorithms: [.hs256], keys: [key])
        change(&issuer)
        credentials.issuers = [issuer]
        return credentials
    }

    private static func principal(of credentials: Credentials, _ credential: String) throws -> Principal {
        var known = KnownPrincipals(limit: 10)
        return try credentials.principal(
            showing: .bearer(Array(credential.utf8)), from: { nil }, at: time, now, &known)
    }

    private static func successor(
        of principal: Principal, in credentials: Credentials, from address: [UInt8]? = nil
    ) -> Principal? {
        Succession(to: credentials).successor(of: principal, from: { address }, at: time, now)
    }

    private static func token() -> String {
        maker.token(
            "HS256",
            #"{"iss":"app","sub":"ann","exp":1764000600,"tidegate":{"subscribe":["stocks/*"]}}"#)
    }

    @Test func strangersGetWhatStrangersMay() throws {
        let former = Principal.anonymous(.all)
        let successor = try #require(Self.successor(of: former, in: Credentials(anonymous: Rights())))
        #expect(successor.isAnonymous && successor.rights.isNothing)
    }

    @Test func aKeyIsKnownByItsHash() throws {
        let former = try Self.principal(of: Self.keyed(try Self.rights("a/**")), Self.key)
        let renamed = Self.keyed(try Self.rights("a/b"), name: "office")
        let successor = try #require(Self.successor(of: former, in: renamed))
        #expect(try successor.name == "office" && !successor.rights.subscribe.allows(TopicPattern("a/**")))
        #expect(Self.successor(of: former, in: Credentials(anonymous: .all)) == nil)
        // A new key of the same name is another.
        let other = Self.keyed(try Self.rights("a/**"), hash: AccessKey.make().hash)
        #expect(Self.successor(of: former, in: other) == nil)
    }

    @Test func aKeyHoldsWhereItIsAccepted() throws {
        let former = try Self.principal(of: Self.keyed(try Self.rights("a/**")), Self.key)
        let near = Self.keyed(
            try Self.rights("a/**"), addresses: [try #require(AddressRange("10.0.0.0/8"))])
        #expect(Self.successor(of: former, in: near, from: [10, 1, 2, 3]) != nil)
        #expect(Self.successor(of: former, in: near, from: [11, 1, 2, 3]) == nil)
        #expect(Self.successor(of: former, in: near) == nil)
    }

    @Test func aTicketNeverAllowsMoreThanItsMakerMay() throws {
        let maker = try Self.principal(
            of: Self.keyed(try Self.rights("a/**", grant: ["inbox/**"])), Self.key)
        let own = Principal(name: "desk", rights: try Self.rights("a/**"), ticketOf: maker)
        let granted = Principal(
            name: "ann", rights: try Self.rights("inbox/ann/*"), ticketOf: maker, isGranted: true)
        var fewer = try Self.rights("a/b", grant: ["inbox/ann/*"])
        (fewer.maximumRate, fewer.connectionLimit) = (2.5, 3)
        let narrower = Self.keyed(fewer)
        let successor = try #require(Self.successor(of: own, in: narrower))
        #expect(successor.rights.subscribe.allows(try TopicPattern("a/b")))
        #expect(!successor.rights.subscribe.allows(try TopicPattern("a/c")))
        #expect(successor.rights.maximumRate == 2.5 && successor.rights.connectionLimit == 3)
        #expect(Self.successor(of: granted, in: narrower)?.name == "ann")
        #expect(Self.successor(of: granted, in: Self.keyed(try Self.rights("inbox/**"))) == nil)
        #expect(Self.successor(of: own, in: Credentials(anonymous: .all)) == nil)
    }

    @Test func aTokenLastsAsLongAsItsKeyAndWhatIsDemandedOfIt() throws {
        let former = try Self.principal(of: Self.issued(), Self.token())
        #expect(Self.successor(of: former, in: try Self.issued()) === former)
        for change in [
            { $0.name = "other" }, { $0.audiences = ["tidegate"] }, { $0.type = "at+jwt" },
            { $0.claim = RightsClaim(.mercure) }, { $0.keys = [] },
            { $0.keys = [VerifyingKey(secret: [UInt8](repeating: 1, count: 32))].compactMap(\.self) },
        ] as [(inout Issuer) -> Void] {
            #expect(Self.successor(of: former, in: try Self.issued(change)) == nil)
        }
        // Another key beside it changes nothing.
        let added = try Self.issued {
            $0.keys += [VerifyingKey(secret: [UInt8](repeating: 1, count: 32))].compactMap(\.self)
        }
        #expect(Self.successor(of: former, in: added) === former)
    }

    @Test func aTokenEndsWithItsFormerSecret() throws {
        let former = try Self.principal(of: Self.issued(), Self.token())
        let soon = UnixTime(milliseconds: Self.time.milliseconds + 60_000)
        let successor = try #require(Self.successor(of: former, in: try Self.issued(until: soon)))
        #expect(successor.end == Self.now + .seconds(60) && successor.expires == soon)
        #expect(successor.rights.subscribe.allows(try TopicPattern("stocks/*")))
        #expect(Self.successor(of: former, in: try Self.issued(until: Self.time)) == nil)
    }

    @Test func publicKeysAreComparedAndNotTheirFiles() throws {
        let maker = TokenMaker(.p256)
        let keys = (0..<2).map { _ in try? KeySet.read(Array(maker.pem.utf8)) }
        #expect(keys[0]?.first?.fingerprint == keys[1]?.first?.fingerprint)
        let other = try KeySet.read(Array(TokenMaker(.p256).pem.utf8))
        #expect(keys[0]?.first?.fingerprint != other.first?.fingerprint)
    }

    @Test func whatIsWithdrawnStaysSo() throws {
        let former = try Self.principal(of: Self.keyed(try Self.rights("a/**")), Self.key)
        let withdrawn = Principal(withdrawn: former, at: Self.now, farewell: Self.now + .seconds(3))
        #expect(withdrawn.end == Self.now && withdrawn.rights.isNothing)
        #expect(Self.successor(of: withdrawn, in: Self.keyed(.all)) == nil)
    }
}
