import Primitives
import Testing

@testable import WebSocket

@Suite struct HandshakeTests {
    @Test func answersTheKeyOfTheStandard() {
        // RFC 6455 §1.3.
        let accept = Handshake.acceptValue(forKey: bytes("dGhlIHNhbXBsZSBub25jZQ==").span)
        #expect(accept == bytes("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    }

    @Test(arguments: [
        "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBs SBub25jZQ==", "dGhlIHNhbXBsZSBub25jZTE=",
    ]) func refusesAKeyThatIsNotSixteenBytes(key: String) {
        #expect(Handshake.acceptValue(forKey: bytes(key).span) == nil)
    }

    @Test func makesKeysThatItAccepts() {
        #expect(
            Handshake.makeKey(randomBytes: bytes("the sample nonce")) == bytes("dGhlIHNhbXBsZSBub25jZQ=="))
    }

    @Test(arguments: [
        (["tidegate.v1"], true), (["other, tidegate.v1"], true), (["other", " tidegate.v1\t"], true),
        ([], false), ([""], false), (["tidegate.v2"], false), (["Tidegate.v1"], false),
        (["tidegate.v1x"], false),
    ]) func findsItsSubprotocol(offered: [String], isThere: Bool) {
        let lines = offered.map { bytes($0) }
        #expect(Handshake.chooseSubprotocol(offered: lines, supported: "tidegate.v1") == isThere)
    }
}
