import Glibc
import Testing
import Transport

@testable import Gateway

@Suite struct AddressClaimTests {
    /// A kernel that gives the ports of `free` in turn for port 0, and refuses what `refusals` names.
    private final class Kernel {
        var free: [UInt16]
        var refusals: [String: Int32]
        private(set) var asked: [String] = []

        init(free: [UInt16] = [], refusals: [String: Int32] = [:]) {
            self.free = free
            self.refusals = refusals
        }

        func claim(_ address: SocketAddress) throws(SystemFailure) -> SocketAddress {
            asked.append(address.description)
            var claimed = address
            if address.port == 0 { claimed.port = free.removeFirst() }
            if let number = refusals[claimed.description] { throw SystemFailure("bind", number) }
            return claimed
        }
    }

    private func addresses(_ host: String, _ port: UInt16) throws -> [SocketAddress] {
        var endpoint = Endpoint()
        endpoint.host = host
        endpoint.port = port
        return try endpoint.resolved()
    }

    private func claim(_ host: String, _ port: UInt16, at kernel: Kernel) throws -> AddressClaim {
        try AddressClaim(addresses(host, port)) { (address) throws(SystemFailure) in
            try kernel.claim(address)
        }
    }

    @Test(arguments: [
        ("localhost", ["127.0.0.1:80", "[::1]:80"]), ("LocalHost", ["127.0.0.1:80", "[::1]:80"]),
        ("::", ["[::]:80"]), ("127.0.0.1", ["127.0.0.1:80"]), ("::ffff:127.0.0.1", ["127.0.0.1:80"]),
    ]) func aHostStandsForAllItsAddressesOnce(host: String, expected: [String]) throws {
        #expect(try addresses(host, 80).map(\.description) == expected)
    }

    @Test func allAddressesOfAnEndpointHaveOnePort() throws {
        let kernel = Kernel(free: [1001])
        let claim = try claim("localhost", 0, at: kernel)
        #expect(claim.claimed.map(\.description) == ["127.0.0.1:1001", "[::1]:1001"])
        #expect(claim.skipped.isEmpty)
    }

    @Test func aPortThatIsTakenAtOneAddressIsNotTheOne() throws {
        let kernel = Kernel(free: [1001, 1002], refusals: ["[::1]:1001": EADDRINUSE])
        let claim = try claim("localhost", 0, at: kernel)
        #expect(claim.claimed.map(\.description) == ["127.0.0.1:1002", "[::1]:1002"])
    }

    @Test func theSearchForAPortEnds() {
        let ports = (1...100).map { UInt16($0) }
        let refusals = Dictionary(uniqueKeysWithValues: ports.map { ("[::1]:\($0)", EADDRINUSE) })
        let kernel = Kernel(free: ports, refusals: refusals)
        #expect(throws: AddressClaim.Failure.self) { try claim("localhost", 0, at: kernel) }
        #expect(kernel.asked.count == 2 * AddressClaim.portAttemptLimit)
    }

    /// No socket of the family at all, or none of its addresses: IPv6 that is not built in, or switched off.
    @Test(arguments: [EAFNOSUPPORT, EADDRNOTAVAIL]) func aFamilyThatTheKernelLacksIsSkipped(number: Int32)
        throws
    {
        let claim = try claim("localhost", 80, at: Kernel(refusals: ["[::1]:80": number]))
        #expect(claim.claimed.map(\.description) == ["127.0.0.1:80"])
        #expect(claim.skipped.map(\.address.description) == ["[::1]:80"])
        #expect(claim.skipped.map(\.failure) == [SystemFailure("bind", number)])
    }

    @Test func theFirstOfThemMayBeTheOneThatIsSkipped() throws {
        let kernel = Kernel(free: [1001, 1002], refusals: ["127.0.0.1:1001": EAFNOSUPPORT])
        #expect(try claim("localhost", 0, at: kernel).claimed.map(\.description) == ["[::1]:1002"])
    }

    @Test(arguments: [EADDRINUSE, EACCES]) func anAddressThatIsRefusedOtherwiseIsAnError(number: Int32) throws
    {
        let kernel = Kernel(refusals: ["[::1]:80": number])
        let failure = #expect(throws: AddressClaim.Failure.self) { try claim("localhost", 80, at: kernel) }
        #expect(failure?.address.description == "[::1]:80" && failure?.reason.number == number)
    }

    @Test func anAddressOfAnotherMachineIsAnError() {
        let kernel = Kernel(refusals: ["192.0.2.1:80": EADDRNOTAVAIL])
        #expect(throws: AddressClaim.Failure.self) { try claim("192.0.2.1", 80, at: kernel) }
    }

    @Test func oneAddressAtLeastIsListenedAt() {
        let kernel = Kernel(refusals: ["[::]:80": EAFNOSUPPORT])
        #expect(throws: AddressClaim.Failure.self) { try claim("::", 80, at: kernel) }
    }
}
