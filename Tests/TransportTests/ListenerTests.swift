import Glibc
import Testing
import Transport

@Suite struct ListenerTests {
    @Test func portZeroBecomesAFreeOne() throws {
        let address = try freeAddress()
        #expect(address.description.hasPrefix("127.0.0.1:") && !address.description.hasSuffix(":0"))
    }

    @Test func loopsShareAPort() throws {
        let address = try freeAddress()
        let first = try Listener(address, Listener.Options())
        let second = try Listener(address, Listener.Options())
        #expect(first.number != second.number)
    }

    /// Listeners can share a port, but `claim` must refuse one that somebody listens on.
    @Test func aPortInUseIsRefused() throws {
        let address = try freeAddress()
        let listener = try Listener(address, Listener.Options())
        #expect(throws: SystemFailure("bind", EADDRINUSE)) { _ = try Listener.claim(address) }
        _ = listener.number
    }

    @Test func anAddressOfAnotherMachineIsRefused() throws {
        // TEST-NET-1 (RFC 5737): no machine has this address.
        let address = try SocketAddress.resolve(host: "192.0.2.1", port: 0)[0]
        #expect(throws: SystemFailure("bind", EADDRNOTAVAIL)) { _ = try Listener.claim(address) }
    }

    /// IPv4 and IPv6 reach one socket, and a peer over IPv4 has its own name there.
    @Test(.enabled(if: hasIPv6), arguments: ["127.0.0.1", "::1"])
    func theWildcardOfIPv6ListensToBothFamilies(host: String) throws {
        let wildcard = try Listener.claim(SocketAddress.resolve(host: "::", port: 0)[0])
        var listener = try Listener(wildcard, Listener.Options())
        let client = try ByteStream.connect(to: SocketAddress.resolve(host: host, port: wildcard.port)[0])
        let server = try acceptOne(from: &listener)
        let peer = server.peer
        #expect(peer.hasPrefix(host == "::1" ? "[::1]:" : "127.0.0.1:"))
        _ = client.number
    }

    @Test(.enabled(if: hasIPv6)) func anotherAddressOfIPv6ListensToItsFamilyAlone() throws {
        let address = try Listener.claim(SocketAddress.resolve(host: "::1", port: 0)[0])
        let listener = try Listener(address, Listener.Options())
        #expect(option(listener.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY) == 1)
    }

    @Test func whoIsNotThereIsNotAccepted() throws {
        var listener = try Listener(freeAddress(), Listener.Options())
        guard case .none = listener.accept() else {
            Issue.record("somebody was accepted")
            return
        }
        #expect(listener.turnAway(with: [1].span) == .nobodyWaits)
    }

    @Test func whoIsTurnedAwayIsToldWhy() throws {
        let address = try freeAddress()
        var listener = try Listener(address, Listener.Options())
        let client = try ByteStream.connect(to: address)
        #expect(listener.turnAway(with: Array("full".utf8).span) == .turnedAway)
        #expect(client.read().bytes == Array("full".utf8))
        #expect(client.read().outcome == .ended)
    }

    @Test func acceptedConnectionsAreSetUp() throws {
        var options = Listener.Options()
        options.unsentByteCount = 4096
        options.sendBufferByteCount = 32_768
        let pair = try Pair(options)
        #expect(option(pair.server.number, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        #expect(option(pair.server.number, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT) == 4096)
        // The kernel doubles it for its own bookkeeping.
        #expect(option(pair.server.number, SOL_SOCKET, SO_SNDBUF) == 65_536)
        #expect(fcntl(pair.server.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(pair.server.number, F_GETFD) & FD_CLOEXEC != 0)
    }
}
