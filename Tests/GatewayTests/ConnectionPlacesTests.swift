import Access
import Broker
import Primitives
import Testing

@testable import Gateway

/// One address, and one principal, has so many connections, and gives back what it had.
@Suite struct ConnectionPlacesTests {
    private static let (key, hash) = AccessKey.make()

    // MARK: The table

    @Test func eachOwnerHasItsOwn() {
        let places = ConnectionPlaces()
        var taken = (0..<3).map { _ in places.take(for: .network([10, 0, 0, 1]), limit: 3) }
        #expect(taken.allSatisfy { $0 != nil })
        #expect(places.take(for: .network([10, 0, 0, 1]), limit: 3) == nil)
        #expect(places.take(for: .network([10, 0, 0, 1]), limit: 4) != nil)
        #expect(places.take(for: .network([10, 0, 0, 2]), limit: 1) != nil)
        #expect(places.take(for: .principal("10.0.0.1"), limit: 1) != nil)
        #expect(places.take(for: .principal("ann"), limit: 0) == nil)
        taken.removeLast()
        let another = places.take(for: .network([10, 0, 0, 1]), limit: 3)
        #expect(another != nil && places.take(for: .network([10, 0, 0, 1]), limit: 3) == nil)
        taken = []
        withExtendedLifetime(another) { #expect(!places.isEmpty) }
    }

    @Test func nothingIsLeftOfThoseWhoHaveGone() {
        let places = ConnectionPlaces()
        for number in 0..<1000 {
            _ = places.take(for: .network([10, 0, UInt8(number >> 8), UInt8(number & 0xFF)]), limit: 1)
        }
        #expect(places.isEmpty)
    }

    // MARK: Requests

    private func stage(
        peer: String = "192.0.2.1:1", perAddress: Int = 0, perPrincipal: Int = 0, ofKey: Int? = nil
    ) -> FrontEndStage {
        FrontEndStage(rights: Rights(), peer: peer) { configuration in
            configuration.access.proxies = TrustedProxies(["10.0.0.0/8"].compactMap(AddressRange.init))
            configuration.access.addressConnectionLimit = perAddress
            configuration.access.principalConnectionLimit = perPrincipal
            var rights = Rights.all
            rights.connectionLimit = ofKey
            configuration.access.credentials = Credentials(anonymous: .all)
            configuration.access.credentials.keys = [
                AccessKey(name: "desk", hash: Self.hash, addresses: [], rights: rights)
            ]
        }
    }

    private func get(_ stage: FrontEndStage, _ target: String = "/topics", _ fields: String...) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
    }

    private let bearer = "Authorization: Bearer \(Self.key)"
    private let desk = Claimant.principal("desk")

    /// Whether the owner has no place at all.
    private func isFree(_ owner: Claimant, _ stage: FrontEndStage) -> Bool {
        stage.work.shared.places.take(for: owner, limit: 1) != nil
    }

    @Test func aClientBehindAProxyCountsWhileItIsServed() {
        let stage = stage(peer: "10.0.0.1:1", perAddress: 1)
        let client = Claimant.network([192, 0, 2, 5])
        #expect(get(stage, "/topics", "X-Forwarded-For: 192.0.2.5").hasPrefix("HTTP/1.1 200"))
        #expect(stage.work.shared.places.isEmpty)
        // A reader stays, until it ends.
        #expect(get(stage, "/sse?topics=a", "X-Forwarded-For: 192.0.2.5").hasPrefix("HTTP/1.1 200"))
        #expect(!isFree(client, stage) && isFree(.network([192, 0, 2, 6]), stage))
    }

    @Test func aClientThatHasAsManyIsRefused() {
        let stage = stage(peer: "10.0.0.1:1", perAddress: 1)
        let network = Claimant.network([0x20, 1, 0xD, 0xB8, 0, 0, 0, 5])
        let held = stage.work.shared.places.take(for: network, limit: 1)
        let other = get(stage, "/topics", "X-Forwarded-For: 2001:db8:0:6::1")
        #expect(other.hasPrefix("HTTP/1.1 200"))
        let answer = get(stage, "/topics", "X-Forwarded-For: 2001:db8:0:5::1")
        #expect(
            answer.hasPrefix("HTTP/1.1 503") && answer.contains("\"overloaded\"")
                && answer.contains("Retry-After: "))
        #expect(answer.contains("Connection: close") && stage.connection.endReason == .refused)
        #expect(stage.work.statistics[.addressLimits] == 1)
        withExtendedLifetime(held) {}
    }

    /// A browser's event stream gives up for good when it is refused with a status.
    @Test func anEventStreamIsSentAwayByAnEvent() {
        let stage = stage(peer: "10.0.0.1:1", perAddress: 1)
        let held = stage.work.shared.places.take(for: .network([192, 0, 2, 5]), limit: 1)
        let answer = get(stage, "/sse?topics=a", "X-Forwarded-For: 192.0.2.5")
        #expect(
            answer.hasPrefix("HTTP/1.1 200") && answer.contains("event: goodbye")
                && answer.contains("overloaded"))
        withExtendedLifetime(held) {}
    }

    @Test(arguments: [(0, 2), (2, nil), (2, 5), (5, 2)] as [(Int, Int?)])
    func aPrincipalHasAsManyAsItMay(perPrincipal: Int, ofKey: Int?) {
        let stage = stage(perPrincipal: perPrincipal, ofKey: ofKey)
        var held = [stage.work.shared.places.take(for: desk, limit: 9)]
        #expect(get(stage, "/topics", bearer).hasPrefix("HTTP/1.1 200"))
        held.append(stage.work.shared.places.take(for: desk, limit: 9))
        // Strangers and what is open to all have no limit.
        #expect(get(stage).hasPrefix("HTTP/1.1 200"))
        #expect(get(stage, "/healthz", bearer).hasPrefix("HTTP/1.1 200"))
        let answer = get(stage, "/topics", bearer)
        #expect(answer.hasPrefix("HTTP/1.1 503") && answer.contains("Retry-After: "))
        #expect(stage.work.statistics[.principalLimits] == 1)
        held = []
        #expect(isFree(desk, stage))
    }

    private static let upgrade =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    @Test func aWebSocketTakesItsPlaceByAuth() {
        let stage = stage(perPrincipal: 1)
        #expect(get(stage, "/ws", Self.upgrade).hasPrefix("HTTP/1.1 101"))
        #expect(isFree(desk, stage))
        for _ in 0..<2 {
            #expect(
                stage.receive(message: #"{"type":"auth","token":"\#(Self.key)"}"#).contains("authenticated"))
        }
        #expect(!isFree(desk, stage))

        let late = self.stage(perPrincipal: 1)
        let held = late.work.shared.places.take(for: desk, limit: 1)
        _ = get(late, "/ws", Self.upgrade)
        let answer = late.receive(message: #"{"type":"auth","token":"\#(Self.key)"}"#)
        #expect(answer.contains("\"overloaded\"") && late.connection.principal.isAnonymous)
        #expect(answer.ranges(of: "overloaded").count == 2, "the error, and the reason of the close")
        withExtendedLifetime(held) {}
    }
}
