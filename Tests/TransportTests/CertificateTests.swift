import Foundation
import Primitives
import TestSupport
import Testing

@testable import Transport

@Suite struct CertificateTests {
    private func refusal(
        _ certificate: String, _ key: String, after days: Int = 0
    ) -> CertificateFailure? {
        let time = UnixTime(milliseconds: UnixTime.now().milliseconds + UInt64(days) * 86_400_000)
        do throws(CertificateFailure) {
            _ = try Certificate(reading: .init(certificate: certificate, key: key), at: time)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [TestAuthority.KeyKind.ecdsa, .rsa]) func aPairIsTaken(kind: TestAuthority.KeyKind)
        throws
    {
        let pair = try TestAuthority.shared.issue(kind, days: 20)
        let certificate = try Certificate(
            reading: .init(certificate: pair.certificate, key: pair.key), at: .now())
        let days = (certificate.end.milliseconds - UnixTime.now().milliseconds) / 86_400_000
        #expect((19...20).contains(days))
        _ = try TLSContext([certificate], TicketKeys())
    }

    @Test func theKeyMustBeTheCertificates() throws {
        let (one, other) = (try TestAuthority.shared.issue(), try TestAuthority.shared.issue())
        let failure = refusal(one.certificate, other.key)
        #expect(failure?.file == other.key)
        #expect(failure?.reason == "it is not the key of the certificate in \(one.certificate)")
    }

    @Test func whatHasExpiredIsRefused() throws {
        let pair = try TestAuthority.shared.issue(days: 20)
        #expect(refusal(pair.certificate, pair.key, after: 19) == nil)
        #expect(refusal(pair.certificate, pair.key, after: 21)?.reason == "it has expired")
    }

    @Test func aFileThatIsNoneOrNoPEMIsNamed() throws {
        let pair = try TestAuthority.shared.issue()
        #expect(
            refusal("/nowhere/x.pem", pair.key)?.description
                == "/nowhere/x.pem: it cannot be read: No such file or directory")
        #expect(refusal(pair.key, pair.key)?.reason == "it holds no certificate in PEM")
        #expect(refusal(pair.certificate, pair.certificate)?.reason == "it holds no private key in PEM")
        #expect(refusal("/dev/null", pair.key)?.reason == "it holds no certificate in PEM")
    }

    @Test func anEncryptedKeyIsNotAskedFor() throws {
        let pair = try TestAuthority.shared.issue()
        let encrypted = pair.key + ".encrypted"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "pkey", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out", encrypted,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(
            refusal(pair.certificate, encrypted)?.reason
                == "its key is encrypted; a key without a passphrase is wanted")
    }
}
