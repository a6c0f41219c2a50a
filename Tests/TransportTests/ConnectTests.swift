import Glibc
import Primitives
import Testing
import Transport

@Suite struct ConnectTests {
    @Test func nobodyListensMeansRefused() throws {
        let address = try freeAddress()
        #expect(throws: SystemFailure("connect", ECONNREFUSED)) {
            _ = try ByteStream.connect(to: address, within: patience, unless: nil)
        }
    }

    @Test func aConnectionNeverBlocks() throws {
        let address = try freeAddress()
        let listener = try Listener(address, Listener.Options())
        let stream = try ByteStream.connect(to: address, within: patience, unless: nil)
        #expect(stream.read().outcome == .blocked(until: .read))
        _ = listener.number
    }

    @Test func whoWantsToStopNeedNotWait() throws {
        let stop = try Wakeup()
        stop.wake()
        // TEST-NET-1 (RFC 5737) never answers; without a route to it the refusal comes at once.
        let address = try SocketAddress.resolve(host: "192.0.2.1", port: 9)[0]
        do {
            _ = try ByteStream.connect(to: address, within: patience, unless: stop)
            Issue.record("somebody answered")
        } catch {
            #expect(error.number != ETIMEDOUT)
        }
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")])
    func addressesAreShownAsTheyAreTyped(host: String, shown: String) throws {
        #expect(try SocketAddress.resolve(host: host, port: 80)[0].description == shown)
    }

    @Test func aNameThatIsNoneIsTold() {
        #expect(throws: ResolveFailure.self) { _ = try SocketAddress.resolve(host: "no name", port: 80) }
    }
}
