import Testing
import Transport

@Suite struct SocketAddressTests {
    private func address(_ host: String, _ port: UInt16 = 80) throws -> SocketAddress {
        try SocketAddress.resolve(host: host, port: port)[0]
    }

    /// RFC 4291 §2.5.5.2. An address whose end alone looks like that is none of these.
    @Test(arguments: [
        ("::ffff:192.0.2.7", "192.0.2.7:80"), ("::ffff:127.0.0.1", "127.0.0.1:80"),
        ("::192.0.2.7", "[::192.0.2.7]:80"), ("2001:db8::ffff:192.0.2.7", "[2001:db8::ffff:c000:207]:80"),
    ]) func anIPv4MappedAddressIsTheIPv4Address(host: String, shown: String) throws {
        let address = try address(host)
        #expect(address.description == shown && address.port == 80)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.200.3.4", true), ("::1", true), ("::ffff:127.0.0.1", true),
        ("128.0.0.1", false), ("0.0.0.0", false), ("::", false), ("1::1", false), ("::1:1", false),
        ("192.0.2.1", false),
    ]) func onlyThisMachineReachesTheLoopback(host: String, isLoopback: Bool) throws {
        #expect(try address(host).isLocal == isLoopback)
    }

    @Test(arguments: [("::", true), ("0.0.0.0", true), ("::1", false), ("127.0.0.1", false)])
    func aWildcardStandsForAll(host: String, isWildcard: Bool) throws {
        #expect(try address(host).isWildcard == isWildcard)
    }

    @Test func theSameAddressIsEqual() throws {
        #expect(try address("127.0.0.1") == address("::ffff:127.0.0.1"))
        #expect(try address("127.0.0.1") != address("127.0.0.2"))
        #expect(try address("127.0.0.1") != address("127.0.0.1", 81))
        #expect(try address("::1") != address("::2"))
    }
}
