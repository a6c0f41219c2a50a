// Promise: whatever is shown as a credential is believed or refused. Text alone is never believed; header and claims that are signed
// rightly are believed exactly as far as they say who, until when and what, and with no byte of the token changed. Key
// sets, fields and blocks of addresses are read or refused.
//
// The first byte of the input chooses what the rest is: a token, header and claims around the first line feed, a key set, a field
// Authorization, a block of addresses.

import Access
import Broker
import COpenSSL
import Primitives

private let secret = [UInt8](repeating: 0x2A, count: 32)
private let time = UnixTime(milliseconds: 1_764_000_000_000)
private let now = Instant(nanoseconds: 1_000_000_000)

private let credentials: Credentials = {
    var credentials = Credentials(anonymous: Rights())
    credentials.issuers = [
        Issuer(
            name: nil, algorithms: SignatureAlgorithm.allCases,
            keys: [VerifyingKey(secret: secret)].compactMap { $0 })
    ]
    return credentials
}()

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 1 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 5 {
    case 0: promise(shown(input) == nil, "text that is believed")
    case 1: check(signed: input)
    case 2: check(keySet: input)
    case 3: check(field: input)
    default: check(addresses: String(decoding: input, as: UTF8.self))
    }
    return 0
}

private func shown(_ token: [UInt8]) -> Principal? {
    var known = KnownPrincipals(limit: 1)
    do throws(CredentialFailure) {
        return try credentials.principal(showing: .bearer(token), from: { nil }, at: time, now, &known)
    } catch {
        promise(!error.detail.isEmpty && !error.reason.isEmpty, "a refusal without a word")
        return nil
    }
}

private func check(signed input: [UInt8]) {
    let cut = input.firstIndex(of: ASCII.lineFeed) ?? input.count
    var token = encoded(Array(input[..<cut])) + [ASCII.period] + encoded(Array(input[cut...].dropFirst()))
    var code = [UInt8](repeating: 0, count: 32)
    HMAC(EVP_sha256(), secret, Int32(secret.count), token, token.count, &code, nil)
    token += [ASCII.period] + encoded(code)
    guard let principal = shown(token) else { return }
    promise(principal.proof == .token && principal.end > now && principal.expires != nil, "believed for ever")
    promise(principal.warning <= principal.end, "told after the end")
    promise(principal.name.utf8.count <= 256, "a long name")
    // A letter of the signature's middle that is another is another signature.
    let place = token.count - 20
    token[place] = token[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
    promise(shown(token) == nil, "another signature that is believed")
}

private func check(keySet text: [UInt8]) {
    do throws(KeySetFailure) {
        promise(try !KeySet.read(text).isEmpty, "a set without keys")
    } catch {
        promise(!error.description.isEmpty, "a refusal without a word")
    }
}

private func check(field: [UInt8]) {
    do throws(CredentialFailure) {
        _ = try Credential(authorization: field.span)
    } catch {
        promise(error == .malformedField || error == .noneAccepted, "refused for another reason")
    }
}

private func check(addresses text: String) {
    guard let range = AddressRange(text),
        let address = AddressRange.bytes(ofAddress: String(text.prefix { $0 != "/" }))
    else { return }
    promise(range.contains(address), "a block without its own address")
}

private func encoded(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let part = bytes[start..<min(start + 3, bytes.count)]
        var bits = part.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - part.count))
        for _ in 0...part.count {
            text.append(alphabet[Int(bits >> 18 & 63)])
            bits <<= 6
        }
    }
    return text
}
