import Primitives
import TestSupport
import Testing

/// Signatures, by the RFCs' examples and by keys made here.
@testable import Access

@Suite struct VerifyingKeyTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let key: String
        let algorithm: SignatureAlgorithm
        /// The first two parts, as the RFC has them.
        let signed: String
        let signature: String

        var testDescription: String { name }
    }

    private static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    static let vectors = [
        Vector(
            name: "RFC 7515 A.1",
            key:
                #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            algorithm: .hs256, signed: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(payload)",
            signature: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        Vector(
            name: "RFC 7515 A.2",
            key:
                #"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
            algorithm: .rs256, signed: "eyJhbGciOiJSUzI1NiJ9.\(payload)",
            signature:
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        ),
        Vector(
            name: "RFC 7515 A.3",
            key:
                #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            algorithm: .es256, signed: "eyJhbGciOiJFUzI1NiJ9.\(payload)",
            signature:
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        Vector(
            name: "RFC 8037 A.4",
            key: #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            algorithm: .edDSA, signed: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            signature:
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
    ]

    private func set(_ keys: String) throws -> [VerifyingKey] {
        try KeySet.read(Array("{\"keys\":[\(keys)]}".utf8))
    }

    @Test(arguments: vectors) func verifiesWhatTheRFCSigned(vector: Vector) throws {
        let key = try #require(try set(vector.key).first)
        let decoded = Base64URL.decoded(Array(vector.signature.utf8).span)
        let signature = try #require(decoded)
        let message = Array(vector.signed.utf8)
        #expect(key.verifies(signature, of: message, by: vector.algorithm))
        // No bit of either may be another.
        for place in [0, signature.count / 2, signature.count - 1] {
            var other = signature
            other[place] ^= 1
            #expect(!key.verifies(other, of: message, by: vector.algorithm))
        }
        #expect(!key.verifies(signature, of: message + [0], by: vector.algorithm))
        #expect(!key.verifies(Array(signature.dropLast()), of: message, by: vector.algorithm))
        #expect(!key.verifies(signature + [0], of: message, by: vector.algorithm))
        #expect(!key.verifies([], of: message, by: vector.algorithm))
        for algorithm in SignatureAlgorithm.allCases where algorithm.kind != vector.algorithm.kind {
            #expect(!key.verifies(signature, of: message, by: algorithm))
        }
    }

    @Test(arguments: ["RS256", "PS256", "ES256", "EdDSA"])
    func readsPublicKeysAsPEM(name: String) throws {
        let algorithm = try #require(SignatureAlgorithm(rawValue: name))
        let maker = TokenMaker(
            algorithm.kind == .rsa ? .rsa : algorithm.kind == .p256 ? .p256 : .ed25519)
        let key = try #require(try KeySet.read(Array(maker.pem.utf8)).first)
        let message = Array("a message".utf8)
        let signature = maker.signature(of: message, name)
        #expect(key.kind == algorithm.kind && key.verifies(signature, of: message, by: algorithm))
        #expect(!key.verifies(signature, of: Array("another".utf8), by: algorithm))
    }

    /// CVE-2022-21449: two zeros were a signature of everything.
    @Test func refusesZerosForASignature() throws {
        let key = try #require(try set(Self.vectors[2].key).first)
        #expect(!key.verifies([UInt8](repeating: 0, count: 64), of: [1, 2, 3], by: .es256))
    }

    @Test(arguments: [
        ("no JSON", "{"), ("a private key", #"{"keys":[{"kty":"oct","k":"AA","d":"AA"}]}"#),
        ("no keys", #"{"keys":[]}"#), ("a secret of 31 bytes", short("oct", 31)),
        ("a point beside the curve", point), ("RSA of 1024 bits", modulus(128)),
        ("another use", #"{"keys":[{"kty":"oct","use":"enc","k":"\#(String(repeating: "A", count: 43))"}]}"#),
        ("another curve", #"{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}"#),
        ("two of a name", twins), ("a member twice", #"{"keys":[],"keys":[]}"#),
        ("a private key as PEM", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"),
        ("PEM of nothing", "-----BEGIN PUBLIC KEY-----\nMC4=\n-----END PUBLIC KEY-----\n"),
    ]) func refusesKeys(name: String, text: String) {
        #expect(throws: KeySetFailure.self, "\(name)") { try KeySet.read(Array(text.utf8)) }
    }

    @Test func leavesOutWhatItCannotUse() throws {
        let keys = try set(#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"},"# + Self.vectors[3].key)
        #expect(keys.count == 1)
    }

    private static func short(_ type: String, _ byteCount: Int) -> String {
        #"{"keys":[{"kty":"\#(type)","k":"\#(TokenMaker.base64([UInt8](repeating: 7, count: byteCount)))"}]}"#
    }

    private static let point =
        #"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw"}]}"#

    private static func modulus(_ byteCount: Int) -> String {
        #"{"keys":[{"kty":"RSA","e":"AQAB","n":"\#(TokenMaker.base64([UInt8](repeating: 0xFF, count: byteCount)))"}]}"#
    }

    private static let twins =
        #"{"keys":[{"kid":"a",\#(vectors[3].key.dropFirst()),{"kid":"a",\#(vectors[3].key.dropFirst())]}"#
}
