import Access
import Broker
import Primitives
import Testing

@testable import Gateway

/// A client behind a proxy counts by its own address, and nobody else's word is taken for it.
@Suite struct BehindProxiesTests {
    private static let (key, hash) = AccessKey.make()

    private func stage(peer: String, _ change: (inout GatewayConfiguration) -> Void = { _ in })
        -> FrontEndStage
    {
        FrontEndStage(rights: Rights(), peer: peer) { configuration in
            configuration.access.proxies = TrustedProxies(["10.0.0.0/8"].compactMap(AddressRange.init))
            configuration.access.credentials = Credentials(anonymous: Rights())
            configuration.access.credentials.keys = [
                AccessKey(
                    name: "desk", hash: Self.hash,
                    addresses: ["10.0.0.0/8", "192.0.2.0/24"].compactMap(AddressRange.init),
                    rights: .all)
            ]
            configuration.access.failureRate = 2
            change(&configuration)
        }
    }

    private func status(_ stage: FrontEndStage, key: String = Self.key, _ fields: String...) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        let answer = stage.receive(
            "GET /topics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\n\(lines)\r\n")
        return String(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
    }

    @Test func aKeysAddressesAreTheClients() {
        let stage = stage(peer: "10.0.0.1:1000")
        #expect(status(stage, "X-Forwarded-For: 192.0.2.5") == "200" && stage.connection.peer == "192.0.2.5")
        #expect(status(stage, "X-Forwarded-For: 192.0.2.5, 203.0.113.1") == "401")
        #expect(stage.connection.address == [203, 0, 113, 1])
        // Each request has its own client.
        #expect(
            status(stage, "Forwarded: for=\"192.0.2.7:99\"") == "200"
                && stage.connection.peer == "192.0.2.7:99")
        #expect(status(stage) == "200" && stage.connection.peer == "10.0.0.1:1000")
        // Nobody hides behind the proxy's own address.
        #expect(status(stage, "X-Forwarded-For: x") == "401" && stage.connection.address == nil)
    }

    @Test func aStrangersWordIsNotTaken() {
        let stage = stage(peer: "203.0.113.1:1000")
        #expect(status(stage, "X-Forwarded-For: 192.0.2.5", "Forwarded: for=192.0.2.5") == "401")
        #expect(stage.connection.peer == "203.0.113.1:1000" && stage.connection.client == nil)
        let unconfigured = self.stage(peer: "10.0.0.1:1") { $0.access.proxies = TrustedProxies() }
        #expect(status(unconfigured, "X-Forwarded-For: 203.0.113.1") == "200")
    }

    @Test func failuresCountForTheClient() {
        let stage = stage(peer: "10.0.0.1:1000")
        for _ in 0..<2 { #expect(status(stage, key: "wrong", "X-Forwarded-For: 192.0.2.5") == "401") }
        #expect(status(stage, key: "wrong", "X-Forwarded-For: 192.0.2.5") == "429")
        #expect(status(stage, key: "wrong", "X-Forwarded-For: 192.0.2.6") == "401")
    }

    @Test func endingByAddressEndsTheClients() throws {
        let stage = stage(peer: "10.0.0.1:1000")
        _ = status(stage, "X-Forwarded-For: 192.0.2.5")
        func concerns(_ range: String) throws -> Bool {
            let order = Disconnection(.address(try #require(AddressRange(range))), loopCount: 1) { _ in }
            return order.concerns(stage.connection, at: stage.work.mailbox)
        }
        #expect(try concerns("192.0.2.0/24") && !concerns("10.0.0.0/8"))
    }
}
