import Access
import Primitives
import Testing

/// Whose word counts about whom, and that nobody can speak for somebody else.
@Suite struct TrustedProxiesTests {
    private let proxies = TrustedProxies(
        ["10.0.0.0/8", "::1", "2001:db8:f::/48"].compactMap(AddressRange.init))

    private func client(_ listed: [String], _ forwarded: [String] = []) -> String? {
        proxies.client(
            listed: listed.map { Array($0.utf8) }, forwarded: forwarded.map { Array($0.utf8) })?.peer
    }

    @Test func theFirstStrangerCounts() {
        #expect(client(["203.0.113.7"]) == "203.0.113.7")
        #expect(client(["10.1.1.1", "203.0.113.7:80", "10.2.2.2"]) == "203.0.113.7:80")
        #expect(client(["[2001:db8:f::2]:1", "2001:db8::5", "1.1.1.1"]) == "2001:db8::5")
        #expect(client([], ["::ffff:10.0.0.9", "[2001:DB8::5]:99"]) == "[2001:db8::5]:99")
        // All are proxies: the farthest has asked. None is told of: the proxy has.
        #expect(client(["10.1.1.1", "10.2.2.2"]) == "10.2.2.2")
        #expect(client([]) == nil)
    }

    @Test func whatIsNoAddressIsNobodys() {
        #expect(client(["unknown", "10.0.0.1"]) == "unknown")
        #expect(client(["10.0.0.1", "_hidden", "1.1.1.1"]) == "unknown")
        #expect(client(["", "1.1.1.1"]) == "unknown")
        #expect(proxies.client(listed: [Array("unknown".utf8)], forwarded: [])?.address == nil)
    }

    /// A proxy that writes one field passes the other on.
    @Test func bothFieldsMustAgree() {
        #expect(client(["203.0.113.7"], ["10.0.0.1", "203.0.113.7:1"]) == "203.0.113.7")
        #expect(client(["203.0.113.7"], ["203.0.113.8"]) == "unknown")
        #expect(client(["203.0.113.7"], ["unknown"]) == "unknown")
    }

    @Test func knowsItsProxies() {
        #expect(
            proxies.contains([10, 9, 9, 9]) && !proxies.contains([11, 0, 0, 1]) && !proxies.contains(nil))
        #expect(TrustedProxies().isEmpty && !TrustedProxies().contains([127, 0, 0, 1]))
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("192.0.2.1:4711", "192.0.2.1:4711"), ("192.0.2.1:_x", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("[::1]:0", "[::1]:0"),
        ("[::ffff:192.0.2.1]:5", "192.0.2.1:5"),
    ]) func readsANode(text: String, peer: String) {
        let node = ForwardedNode(Array(text.utf8))
        #expect(node.peer == peer && node.address == AddressRange.bytes(ofPeer: peer))
    }

    @Test(arguments: [
        "", "unknown", "_a", "192.0.2", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:x", "192.0.2.1:-1",
        "[192.0.2.1]", "[::1", "::1]", "[::1]5", "[::1]:", "[]", "[", ":", "::1%lo", "192.0.2.1\0",
        "192.0.2.1 ",
        "example.com", "1.1.1.1, 2.2.2.2", "\n", "0x7f.1",
        "0000000000000000000000000000000000000000000000000000000000000000000",
    ]) func takesNothingElseForAnAddress(text: String) {
        let node = ForwardedNode(Array(text.utf8))
        #expect(node.address == nil && node.peer == "unknown")
    }

    /// Any bytes make a node, and its name is one that an address can have.
    @Test func isTotal() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("0123456789abf.:[]_%\0\"".utf8)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let node = ForwardedNode(text)
            #expect(
                node.address == nil
                    ? node.peer == "unknown" : AddressRange.bytes(ofPeer: node.peer) == node.address)
        }
    }
}
