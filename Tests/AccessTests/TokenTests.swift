import Broker
import Primitives
import TestSupport
import Testing

/// Tokens, right ones and forged ones.
@testable import Access

@Suite struct TokenTests {
    private static let time = UnixTime(milliseconds: 1_764_000_000_000)
    private static let now = Instant(nanoseconds: 5_000_000_000)
    private static let secret = [UInt8](repeating: 0x5A, count: 32)
    private static let hmac = TokenMaker(.secret(secret))
    private static let rsa = TokenMaker(.rsa)
    private static let stranger = TokenMaker(.rsa)

    /// Two issuers, one with a secret, one with a public key.
    private static func credentials() throws -> Credentials {
        var credentials = Credentials(anonymous: Rights())
        let key = try #require(VerifyingKey(secret: secret))
        var app = Issuer(name: "app", algorithms: [.hs256], keys: [key])
        app.audiences = ["tidegate"]
        credentials.issuers = [
            app,
            Issuer(
                name: "https://id.example", algorithms: [.rs256],
                keys: try KeySet.read(Array(rsa.pem.utf8))),
        ]
        return credentials
    }

    private static func outcome(_ token: String, at time: UnixTime = time) throws
        -> Result<Principal, CredentialFailure>
    {
        let credentials = try credentials()
        var known = KnownPrincipals(limit: 10)
        do throws(CredentialFailure) {
            return .success(
                try credentials.principal(
                    showing: .bearer(Array(token.utf8)), from: { nil }, at: time, now, &known))
        } catch {
            return .failure(error)
        }
    }

    private static func failure(_ token: String) throws -> CredentialFailure? {
        switch try outcome(token) {
        case .success: nil
        case .failure(let failure): failure
        }
    }

    /// Claims that are right but for what is replaced or added.
    private static func claims(_ others: String = "", exp: String = "1764000600") -> String {
        #"{"iss":"app","aud":"tidegate","sub":"ann","exp":\#(exp)\#(others.isEmpty ? "" : ",\(others)")}"#
    }

    private static func signed(_ others: String = "", exp: String = "1764000600", header: String = "")
        -> String
    {
        hmac.token("HS256", claims(others, exp: exp), header: header)
    }

    @Test func believesARightToken() throws {
        let rights =
            #""tidegate":{"subscribe":["inbox/{subject}/**","stocks/*"],"operate":true,"maxRate":2.5,"connections":3}"#
        let principal = try Self.outcome(Self.signed(rights)).get()
        #expect(principal.name == "ann" && principal.proof == .token && principal.rights.operate)
        #expect(principal.rights.maximumRate == 2.5 && principal.rights.connectionLimit == 3)
        #expect(try principal.rights.subscribe.allows(TopicPattern("inbox/ann/x")))
        #expect(try !principal.rights.subscribe.allows(TopicPattern("inbox/bob/x")))
        #expect(principal.rights.publish.isNothing && principal.rights.grant.isNothing)
        #expect(principal.expires == UnixTime(milliseconds: 1_764_000_600_000))
        #expect(principal.end == Self.now + .seconds(600) && principal.warning == Self.now + .seconds(540))
    }

    @Test func tellsOfAShortLifeLater() throws {
        let principal = try Self.outcome(Self.signed(exp: "1764000010")).get()
        #expect(principal.warning == Self.now + .seconds(9))
    }

    @Test(arguments: ["1764000600", "1764000600.75", "1.7640006e9", "253402300799"])
    func takesMoments(exp: String) throws {
        #expect(try Self.failure(Self.signed(exp: exp)) == nil)
    }

    @Test func allowsForClocksThatDiffer() throws {
        #expect(try Self.failure(Self.signed(exp: "1763999971")) == nil)
        #expect(try Self.failure(Self.signed(exp: "1763999970")) == .expired)
        #expect(try Self.failure(Self.signed(#""nbf":1764000030,"iat":1764000030"#)) == nil)
        #expect(try Self.failure(Self.signed(#""nbf":1764000031"#)) == .notYetValid)
        #expect(try Self.failure(Self.signed(#""iat":1764000031"#)) == .notYetValid)
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        let failure: CredentialFailure

        var testDescription: String { name }

        init(_ name: String, _ token: String, _ failure: CredentialFailure) {
            self.name = name
            self.token = token
            self.failure = failure
        }
    }

    static let forgeries: [Forgery] = {
        let right = signed()
        let parts = right.split(separator: ".").map(String.init)
        let none = TokenMaker.base64(Array(#"{"alg":"none"}"#.utf8))
        let foreign = #"{"iss":"https://id.example","exp":1764000600,"sub":"ann"}"#
        let confused = TokenMaker(.secret(Array(rsa.pem.utf8)))
        let long = String(repeating: "x", count: 9000)
        return [
            Forgery("alg none", "\(none).\(parts[1]).", .wrongAlgorithm),
            Forgery("alg none, signed", "\(none).\(parts[1]).\(parts[2])", .wrongAlgorithm),
            Forgery("alg NonE", hmac.token("NonE", claims()), .wrongAlgorithm),
            Forgery("alg in small letters", hmac.token("hs256", claims()), .wrongAlgorithm),
            Forgery("alg missing", hmac.token(header: "{}", claims: claims(), "HS256"), .wrongAlgorithm),
            Forgery(
                "alg a number", hmac.token(header: #"{"alg":256}"#, claims: claims(), "HS256"), .wrongClaims),
            Forgery("signature stripped", "\(parts[0]).\(parts[1]).", .wrongSignature),
            Forgery("signature and its dot stripped", "\(parts[0]).\(parts[1])", .malformed),
            Forgery(
                "another's signature",
                "\(parts[0]).\(parts[1]).\(signed("\"a\":1").split(separator: ".")[2])", .wrongSignature),
            Forgery(
                "claims changed",
                "\(parts[0]).\(TokenMaker.base64(Array(claims("\"b\":1").utf8))).\(parts[2])", .wrongSignature
            ),
            // CVE-2015-9235: the public key taken for a secret.
            Forgery("RS256 to HS256", confused.token("HS256", foreign), .wrongAlgorithm),
            Forgery("HS256 to RS256", rsa.token("RS256", claims()), .wrongAlgorithm),
            Forgery("a stranger's key", stranger.token("RS256", foreign), .wrongSignature),
            Forgery("one issuer's key, another's name", hmac.token("HS256", foreign), .wrongAlgorithm),
            Forgery("PS256 where RS256 is said", rsa.token("PS256", foreign), .wrongAlgorithm),
            Forgery("unknown issuer", hmac.token("HS256", #"{"iss":"x","exp":1764000600}"#), .unknownIssuer),
            Forgery("no issuer", hmac.token("HS256", #"{"exp":1764000600}"#), .unknownIssuer),
            Forgery("issuer a list", hmac.token("HS256", #"{"iss":["app"],"exp":1764000600}"#), .malformed),
            // CVE-2018-0114: the token brings the key along.
            Forgery(
                "its own key",
                stranger.token(
                    "RS256", foreign,
                    header: #""jwk":{"kty":"RSA","n":"AQ","e":"AQAB"},"jku":"https://evil.example/k""#),
                .wrongSignature),
            Forgery("crit", signed(header: #""crit":["exp"]"#), .unsupported),
            Forgery("b64", signed(header: #""b64":false"#), .unsupported),
            Forgery("zip", signed(header: #""zip":"DEF""#), .unsupported),
            Forgery("encrypted", "\(parts[0]).a.b.c.\(parts[2])", .unsupported),
            Forgery(
                "alg twice", hmac.token(header: #"{"alg":"none","alg":"HS256"}"#, claims: claims(), "HS256"),
                .malformed),
            Forgery(
                "alg twice, one escaped",
                hmac.token(header: #"{"alg":"HS256","\u0061lg":"none"}"#, claims: claims(), "HS256"),
                .malformed),
            Forgery("exp twice", signed(#""exp":9999999999"#), .malformed),
            Forgery("sub twice", signed(#""sub":"bob""#), .malformed),
            Forgery("rights twice", signed(#""tidegate":{"subscribe":[],"subscribe":["**"]}"#), .wrongClaims),
            Forgery("exp as text", signed(exp: #""1764000600""#), .wrongClaims),
            Forgery("exp null", signed(exp: "null"), .wrongClaims),
            Forgery("exp 1e400", signed(exp: "1e400"), .wrongClaims),
            Forgery("exp far in the future", signed(exp: "253402300800"), .wrongClaims),
            Forgery("exp negative", signed(exp: "-1"), .wrongClaims),
            Forgery("exp missing", hmac.token("HS256", #"{"iss":"app","aud":"tidegate"}"#), .wrongClaims),
            Forgery("exp 0", signed(exp: "0"), .expired),
            Forgery("nbf 1e400", signed(#""nbf":1e400"#), .wrongClaims),
            Forgery("nbf as text", signed(#""nbf":"1""#), .wrongClaims),
            Forgery("no audience", hmac.token("HS256", #"{"iss":"app","exp":1764000600}"#), .wrongAudience),
            Forgery(
                "another audience",
                hmac.token("HS256", #"{"iss":"app","aud":["tide","gate"],"exp":1764000600}"#), .wrongAudience),
            Forgery(
                "subject empty",
                hmac.token("HS256", #"{"iss":"app","aud":"tidegate","exp":1764000600,"sub":""}"#),
                .wrongClaims),
            Forgery(
                "subject a number",
                hmac.token("HS256", #"{"iss":"app","aud":"tidegate","exp":1764000600,"sub":1}"#), .wrongClaims
            ),
            Forgery(
                "subject half a pair",
                hmac.token("HS256", #"{"iss":"app","aud":"tidegate","exp":1764000600,"sub":"\ud800"}"#),
                .wrongClaims),
            Forgery("rights a text", signed(#""tidegate":"**""#), .wrongClaims),
            Forgery("a right no pattern", signed(#""tidegate":{"subscribe":["a//b"]}"#), .wrongClaims),
            Forgery("maxRate 0", signed(#""tidegate":{"maxRate":0}"#), .wrongClaims),
            Forgery("connections 0", signed(#""tidegate":{"connections":0}"#), .wrongClaims),
            Forgery("kid a number", signed(header: #""kid":1"#), .wrongClaims),
            Forgery("huge", right + long, .tooLong),
            Forgery(
                "deep",
                signed(#""a":\#(String(repeating: "[", count: 65))\#(String(repeating: "]", count: 65))"#),
                .malformed),
            Forgery("header no object", hmac.token(header: "[]", claims: claims(), "HS256"), .malformed),
            Forgery(
                "header cut", hmac.token(header: #"{"alg":"HS256""#, claims: claims(), "HS256"), .malformed),
            Forgery("white space in front", " \(right)", .malformed),
            Forgery("padding", "\(right)=", .malformed),
            Forgery("many dots", String(repeating: ".", count: 8000), .malformed),
            Forgery("a dot", ".", .malformed),
        ]
    }()

    @Test(arguments: forgeries) func refusesForgeries(forgery: Forgery) throws {
        #expect(try Self.failure(forgery.token) == forgery.failure)
    }

    /// What stands in `kid` is compared with names, and with nothing else.
    @Test(arguments: ["../../../etc/passwd", "' OR 1=1 --", "/dev/null", "b"])
    func picksKeysByNameAlone(identifier: String) throws {
        let key = try #require(VerifyingKey(secret: Self.secret, identifier: Array("a".utf8)))
        var credentials = Credentials(anonymous: Rights())
        credentials.issuers = [Issuer(name: nil, algorithms: [.hs256], keys: [key])]
        var known = KnownPrincipals(limit: 10)
        let token = Self.signed(header: #""kid":"\#(identifier)""#)
        #expect(throws: CredentialFailure.unknownTokenKey) {
            try credentials.principal(
                showing: .bearer(Array(token.utf8)), from: { nil }, at: Self.time, Self.now, &known)
        }
    }

    /// A token cut anywhere is refused, and no byte of it can be changed.
    @Test func refusesEveryCutAndEveryOtherByte() throws {
        let token = Array(Self.signed().utf8)
        for count in 1..<token.count {
            #expect(try Self.failure(String(decoding: token[..<count], as: UTF8.self)) != nil)
        }
        for place in token.indices {
            var other = token
            other[place] = other[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(try Self.failure(String(decoding: other, as: UTF8.self)) != nil)
        }
    }

    @Test func usesAFormerSecretUntilItsEnd() throws {
        let end = UnixTime(milliseconds: Self.time.milliseconds + 1000)
        let current = try #require(VerifyingKey(secret: [UInt8](repeating: 1, count: 32)))
        let former = try #require(VerifyingKey(secret: Self.secret, until: end))
        var credentials = Credentials(anonymous: Rights())
        credentials.issuers = [Issuer(name: nil, algorithms: [.hs256], keys: [current, former])]
        let token = Credential.bearer(Array(Self.signed().utf8))
        var known = KnownPrincipals(limit: 10)
        let principal = try credentials.principal(
            showing: token, from: { nil }, at: Self.time, Self.now, &known)
        // No token outlives its key.
        #expect(principal.end == Self.now + .seconds(1) && principal.expires == end)
        known = KnownPrincipals(limit: 10)
        #expect(throws: CredentialFailure.unknownTokenKey) {
            credentials.issuers[0].keys.removeFirst()
            return try credentials.principal(showing: token, from: { nil }, at: end, Self.now, &known)
        }
    }

    @Test func asksForATypeWhereOneIsSet() throws {
        let key = try #require(VerifyingKey(secret: Self.secret))
        var issuer = Issuer(name: nil, algorithms: [.hs256], keys: [key])
        issuer.type = "at+jwt"
        for (header, isRight) in [
            (#""typ":"at+jwt""#, true), (#""typ":"application/AT+JWT""#, true), (#""typ":"JWT""#, false),
            ("", false),
        ] {
            let token = try Token(Array(Self.signed(header: header).utf8).span)
            if isRight {
                _ = try issuer.principal(token, at: Self.time, Self.now, leeway: .zero)
            } else {
                #expect(throws: CredentialFailure.wrongType) {
                    try issuer.principal(token, at: Self.time, Self.now, leeway: .zero)
                }
            }
        }
    }

    /// A verified token is known again until it ends, whatever becomes of its signature meanwhile; others cost a verification.
    @Test func remembersWhatItHasVerified() throws {
        let credentials = try Self.credentials()
        var known = KnownPrincipals(limit: 2)
        func show(_ token: String, at now: Instant, _ effort: Credentials.Effort) -> CredentialFailure? {
            do throws(CredentialFailure) {
                _ = try credentials.principal(
                    showing: .bearer(Array(token.utf8)), from: { nil }, at: Self.time, now, &known,
                    effort: effort)
                return nil
            } catch {
                return error
            }
        }
        let first = Self.signed()
        #expect(show(first, at: Self.now, .hashing) == .notLookedAt)
        #expect(show(first, at: Self.now, .everything) == nil)
        #expect(show(first, at: Self.now, .hashing) == nil)
        #expect(show(first, at: Self.now + .seconds(600), .hashing) == .notLookedAt)
        for number in 1...5 {
            #expect(show(Self.signed("\"jti\":\(number)"), at: Self.now, .everything) == nil)
            #expect(known.count <= 2)
        }
        #expect(show(first, at: Self.now, .hashing) == .notLookedAt)
    }

    @Test func understandsTheClaimsOfOthers() throws {
        let selectors =
            #""mercure":{"subscribe":["a/{id}","b","https://x.example/{id}","c/*"],"publish":["*"]}"#
        let key = try #require(VerifyingKey(secret: Self.secret))
        var issuer = Issuer(name: nil, algorithms: [.hs256], keys: [key])
        issuer.claim = RightsClaim(.mercure)
        let mercure = try issuer.principal(
            Token(Array(Self.signed(selectors).utf8).span), at: Self.time, Self.now, leeway: .zero
        ).rights
        #expect(
            try mercure.subscribe.allows(TopicPattern("a/*")) && mercure.subscribe.allows(TopicPattern("b")))
        #expect(
            try !mercure.subscribe.allows(TopicPattern("a/**"))
                && !mercure.subscribe.allows(TopicPattern("c/d")))
        #expect(mercure.publish.allows(.everything) && !mercure.operate)
        issuer.claim = RightsClaim(.centrifugo)
        let centrifugo = try issuer.principal(
            Token(Array(Self.signed(#""channels":["news","chat:1","**"]"#).utf8).span), at: Self.time,
            Self.now, leeway: .zero
        ).rights
        #expect(try centrifugo.subscribe.allows(TopicPattern("chat:1")))
        #expect(try !centrifugo.subscribe.allows(TopicPattern("other")) && centrifugo.publish.isNothing)
    }
}
