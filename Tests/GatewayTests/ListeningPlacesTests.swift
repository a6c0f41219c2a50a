import Glibc
import Testing

@testable import Gateway
@testable import Transport

/// Which endpoint takes which of the sockets that were passed.
@Suite struct ListeningPlacesTests {
    private func passed(_ name: String, _ host: String = "127.0.0.1") throws -> SharedSocket {
        let address = try #require(try SocketAddress.resolve(host: host, port: 0).first)
        let number = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        try #require(address.withSockaddr { bind(number, $0, $1) } == 0 && listen(number, 4) == 0)
        return try SharedSocket(passed: .init(number: number, name: name))
    }

    private func places(
        _ endpoints: [(inout Endpoint) -> Void], _ passed: [SharedSocket]
    ) throws -> [ListeningAddress] {
        var configuration = GatewayConfiguration()
        configuration.endpoints = endpoints.map { change in
            var endpoint = Endpoint()
            endpoint.port = 0
            change(&endpoint)
            return endpoint
        }
        return try ListeningPlaces(of: configuration, passed: passed).addresses
    }

    private func failure(_ endpoints: [(inout Endpoint) -> Void], _ passed: [SharedSocket]) -> String {
        do {
            return "none: \(try places(endpoints, passed).map(\.address))"
        } catch {
            return "\(error)"
        }
    }

    @Test func byName() throws {
        let sockets = [try passed("web"), try passed("operators"), try passed("web")]
        let found = try places([{ $0.socket = "operators" }, { $0.socket = "web" }, { _ in }], sockets)
        #expect(found.map(\.place) == [0, 1, 1, 2])
        #expect(found.map(\.address).dropLast() == [sockets[1], sockets[0], sockets[2]].map(\.address)[...])
        #expect(found[0].shared === sockets[1] && found[3].shared == nil)
    }

    @Test func byAddress() throws {
        let socket = try passed("unknown")
        let found = try places([{ _ in }, { $0.port = socket.address.port }], [socket])
        #expect(found.map(\.place) == [0, 1] && found[1].shared === socket && found[0].shared == nil)
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let socket = try passed("web")
        #expect(failure([{ _ in }], [socket]).contains("at \(socket.address) was passed as \"web\", and no"))
        let missing = failure([{ $0.socket = "wed" }], [socket])
        #expect(missing.contains("no socket was passed as \"wed\", but as web"))
        #expect(failure([{ $0.socket = "web" }], []).contains("no socket was passed as \"web\"."))
    }
}
