import COpenSSL
import Primitives
import TestSupport
import Testing

@testable import Transport

/// Clients that show a certificate, and what is known of them then.
@Suite struct ClientCertificateTests {
    private static let authority = TestAuthority.shared

    private func context(
        isRequired: Bool = true, keys: TicketKeys = TicketKeys(), of authority: TestAuthority = authority
    ) throws -> TLSContext {
        let pair = try Self.authority.issue()
        let certificate = try Certificate(
            reading: .init(certificate: pair.certificate, key: pair.key), at: .now())
        let clients = try ClientAuthorities(reading: authority.file, isRequired: isRequired)
        return try TLSContext([certificate], keys, clients: clients)
    }

    private func pair(
        _ context: TLSContext, showing shown: TestAuthority.Pair?, _ version: Int32 = TLS1_3_VERSION,
        session: OpaquePointer? = nil
    ) throws -> SecurePair {
        try SecurePair(context) { ssl in
            _ = SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
            if let shown {
                SSL_use_certificate_file(ssl, shown.certificate, SSL_FILETYPE_PEM)
                SSL_use_PrivateKey_file(ssl, shown.key, SSL_FILETYPE_PEM)
            }
            if let session { SSL_set_session(ssl, session) }
        }
    }

    private func reason(_ outcome: ByteStream.HandshakeOutcome) -> HandshakeFailure.Reason? {
        guard case .failed(let failure) = outcome else { return nil }
        return failure.reason
    }

    @Test func saysWhoItIs() throws {
        let shown = try Self.authority.issue(
            for: ["URI:spiffe://mesh/feeder", "DNS:feeder.mesh", "email:ann@example", "IP:192.0.2.1"],
            subject: "/O=Example, Inc./OU=Märkte/CN=feeder-1")
        let pair = try pair(try context(), showing: shown)
        #expect(pair.shake() == .done)
        let certificate = try #require(pair.server.clientCertificate)
        #expect(certificate.subject == "CN=feeder-1,OU=Märkte,O=Example\\, Inc.")
        #expect(certificate.names == ["URI:spiffe://mesh/feeder", "DNS:feeder.mesh", "email:ann@example"])
        #expect(certificate.end > .now())
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func whoHasNoneStaysOutWhereOneIsRequired(
        version: Int32
    ) throws {
        #expect(reason(try pair(try context(), showing: nil, version).shake()) == .certificate)
        let optional = try pair(try context(isRequired: false), showing: nil, version)
        #expect(optional.shake() == .done && optional.server.clientCertificate == nil)
    }

    @Test(arguments: [true, false]) func whatOthersHaveMadeIsRefused(isRequired: Bool) throws {
        let others = try TestAuthority()
        let foreign = try pair(try context(isRequired: isRequired), showing: try others.issue())
        #expect(SSL_get_certificate(foreign.client.ssl) != nil)
        #expect(reason(foreign.shake()) == .certificate)
        let over = try Self.authority.issue(days: 0)
        #expect(reason(try pair(try context(isRequired: isRequired), showing: over).shake()) == .certificate)
    }

    /// It has to be held before anybody can tell whose it is.
    @Test func aChainIsNotTakenHoweverLongItIs() throws {
        let large = try Self.authority.issue(for: (0..<2500).map { "DNS:host-\($0).mesh" })
        #expect(reason(try pair(try context(), showing: large).shake()) == .malformed)
        let usual = try Self.authority.issue(for: (0..<1000).map { "DNS:host-\($0).mesh" })
        #expect(try pair(try context(), showing: usual).shake() == .done)
    }

    private func session(_ context: TLSContext, _ shown: TestAuthority.Pair?, _ version: Int32) throws
        -> OpaquePointer?
    {
        let pair = try pair(context, showing: shown, version)
        #expect(pair.shake() == .done && !pair.server.isResumed)
        _ = pair.clientReads()
        return pair.client.session
    }

    /// Its client need not show the certificate again, which the ticket holds.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func aSessionKeepsIt(version: Int32) throws {
        let keys = TicketKeys()
        let shown = try Self.authority.issue(subject: "/CN=feeder-1")
        let session = try session(try context(keys: keys), shown, version)
        defer { SSL_SESSION_free(session) }
        let pair = try pair(try context(keys: keys), showing: nil, version, session: session)
        #expect(pair.shake() == .done && pair.server.isResumed)
        #expect(pair.server.clientCertificate?.subject == "CN=feeder-1")
    }

    /// A ticket lets nobody in elsewhere: not where a certificate is wanted if it holds none, and not where others vouch.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func aSessionIsGoodWhereItBeganAlone(version: Int32)
        throws
    {
        let keys = TicketKeys()
        let shown = try Self.authority.issue()
        let beginnings: [(TLSContext, TestAuthority.Pair?)] = [
            (try .forTests(keys: keys), nil), (try context(isRequired: false, keys: keys), nil),
            (try context(isRequired: false, keys: keys), shown),
        ]
        for (beginning, shown) in beginnings {
            let session = try session(beginning, shown, version)
            defer { SSL_SESSION_free(session) }
            let other = try pair(try context(keys: keys), showing: nil, version, session: session)
            #expect(reason(other.shake()) == .certificate && !other.server.isResumed)
        }
        let session = try session(try context(keys: keys), shown, version)
        defer { SSL_SESSION_free(session) }
        let others = try TestAuthority()
        let elsewhere = try context(keys: keys, of: others)
        #expect(reason(try pair(elsewhere, showing: nil, version, session: session).shake()) == .certificate)
    }

    @Test func aFileWithoutAuthoritiesIsRefused() throws {
        #expect(throws: CertificateFailure.self) {
            try ClientAuthorities(reading: "/dev/null", isRequired: true)
        }
        #expect(throws: CertificateFailure.self) {
            try ClientAuthorities(reading: "/nowhere", isRequired: true)
        }
    }
}
