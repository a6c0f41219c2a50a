import Access
import Broker
import Primitives
import Testing
import Transport

@testable import Gateway

/// An endpoint has what it opens, and nothing else but the signs of health.
@Suite struct DoorsTests {
    private func stage(_ doors: Doors) throws -> FrontEndStage {
        var endpoint = Endpoint()
        endpoint.doors = doors
        let address = try #require(try SocketAddress.resolve(host: "127.0.0.1", port: 1).first)
        return FrontEndStage(rights: .all, addresses: [ListeningAddress(address, of: endpoint)])
    }

    private func answer(_ stage: FrontEndStage, _ request: String, _ fields: String = "") -> String {
        stage.receive("\(request) HTTP/1.1\r\nHost: x\r\n\(fields)Content-Length: 0\r\n\r\n")
    }

    private static let reading = [
        "GET /topics", "GET /topics/a", "GET /log?topic=a", "GET /sse?topics=a", "GET /poll?topics=a",
    ]
    private static let publishing = ["POST /publish", "PUT /topics/a", "DELETE /topics/a"]
    private static let operations = [
        "GET /metrics", "GET /stats", "GET /connections", "GET /nodes", "POST /operations/reload",
        "POST /operations/disconnect",
    ]
    private static let tickets = ["POST /tickets"]
    private static let health = ["GET /healthz", "GET /readyz"]

    private static let cases: [(doors: Doors, open: [String], closed: [String])] = [
        (.subscribe, reading + tickets, publishing + operations),
        (.publish, publishing + tickets, reading + operations),
        (.operations, operations, reading + publishing + tickets + ["GET /", "GET /ws"]),
        ([], [], reading + publishing + operations + tickets),
        (.all, reading + publishing + operations + tickets, []),
    ]

    @Test(arguments: cases)
    func hasWhatItOpens(doors: Doors, open: [String], closed: [String]) throws {
        for request in open + Self.health {
            #expect(!answer(try stage(doors), request).contains("This endpoint"), "\(request)")
        }
        for request in closed {
            let answer = answer(try stage(doors), request)
            #expect(answer.hasPrefix("HTTP/1.1 404 ") && answer.contains("does not open"), "\(request)")
        }
    }

    private static let upgrade =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    private func webSocket(_ doors: Doors) throws -> FrontEndStage {
        let stage = try stage(doors)
        #expect(
            stage.receive("GET /ws HTTP/1.1\r\nHost: x\r\n\(Self.upgrade)\r\n").hasPrefix("HTTP/1.1 101 "))
        return stage
    }

    private static let subscribe = #"{"type":"subscribe","id":1,"topics":["a"]}"#
    private static let publish = #"{"type":"publish","id":2,"updates":[{"topic":"a","data":1}]}"#

    @Test func aWebSocketDoesWhatItsEndpointOpens() throws {
        let reader = try webSocket(.subscribe)
        #expect(reader.receive(message: Self.subscribe).contains(#""type":"subscribed""#))
        #expect(reader.receive(message: Self.publish).contains(#""id":2,"code":"forbidden""#))
        #expect(reader.work.publishing.isEmpty && reader.sequencer.topicCount == 0)
        #expect(reader.receive(message: #"{"type":"ping","id":3}"#).contains("pong"))

        let publisher = try webSocket([.publish, .operations])
        #expect(publisher.receive(message: Self.subscribe).contains(#""id":1,"code":"forbidden""#))
        let subscriber = try #require(publisher.frontEnd.reader?.id)
        #expect(publisher.work.replica.subscriptionCount(of: subscriber) == 0)
        #expect(publisher.receive(message: Self.publish).contains(#""accepted":1"#))
    }

    @Test func aHandshakeThatSubscribesNeedsThatDoor() throws {
        let request = "GET /ws?topics=a HTTP/1.1\r\nHost: x\r\n\(Self.upgrade)\r\n"
        let refused = try stage(.publish).receive(request)
        #expect(refused.hasPrefix("HTTP/1.1 403 ") && refused.contains("\"forbidden\""))
        #expect(try stage(.subscribe).receive(request).hasPrefix("HTTP/1.1 101 "))
    }

    @Test(arguments: [("127.0.0.1", true), ("192.0.2.1", false)])
    func connectionsAreListedWhereOperatorsAreLocal(operators: String, expected: Bool) throws {
        func address(_ host: String, _ doors: Doors) throws -> ListeningAddress {
            var endpoint = Endpoint()
            endpoint.doors = doors
            let address = try #require(try SocketAddress.resolve(host: host, port: 1).first)
            return ListeningAddress(address, of: endpoint)
        }
        let addresses = [try address("192.0.2.1", .subscribe), try address(operators, .operations)]
        #expect(OperationsSettings().listsConnections(at: addresses) == expected)
    }
}
