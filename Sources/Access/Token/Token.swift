/// A JSON Web Token in its compact form, taken apart and not believed yet (RFC 7515 §7.1, RFC 7519).
internal import Primitives

struct Token {
    let header: UniqueObject
    let claims: UniqueObject
    /// What the signature is over: the first two parts and the dot between them.
    let signed: [UInt8]
    let signature: [UInt8]

    /// Whether `text` looks like a token at all: everything else that is presented is a key.
    static func isOne(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where text[index] == ASCII.period { return true }
        return false
    }

    init(_ text: Span<UInt8>) throws(CredentialFailure) {
        let dots = text.indices.filter { text[$0] == ASCII.period }
        // Four dots: encrypted (RFC 7516 §3.1), which hides from us what was signed by whom.
        if dots.count == 4 { throw .unsupported }
        guard dots.count == 2,
            let headerText = Base64URL.decoded(text.extracting(0..<dots[0])),
            let claimsText = Base64URL.decoded(text.extracting((dots[0] + 1)..<dots[1])),
            let signature = Base64URL.decoded(text.extracting((dots[1] + 1)..<text.count)),
            let header = UniqueObject(headerText), let claims = UniqueObject(claimsText)
        else { throw .malformed }
        // Whoever does not understand what is critical must refuse (RFC 7515 §4.1.11). `jku`, `jwk`, `x5u` and `x5c` say with
        // which key to verify, and are never looked at: our keys come from the configuration.
        if header.has("crit") || header.has("b64") || header.has("zip") || header.has("enc") {
            throw .unsupported
        }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = text.extracting(0..<dots[1]).array
    }
}
