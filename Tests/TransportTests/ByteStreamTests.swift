import Glibc
import Primitives
import Testing
import Transport

@Suite struct ByteStreamTests {
    @Test func bytesGoBothWays() throws {
        let pair = try Pair()
        #expect(pair.client.write("hello") == .bytes(5))
        try pair.server.awaitBytes()
        #expect(pair.server.read().bytes == Array("hello".utf8))
        #expect(pair.server.write("hi") == .bytes(2))
        #expect(pair.client.read().bytes == Array("hi".utf8))
    }

    @Test func whatHasNotComeIsNoEnd() throws {
        let pair = try Pair()
        #expect(pair.server.read().outcome == .blocked(until: .read))
        let isReadable = pair.server.waitReadable(timeout: .zero)
        #expect(!isReadable)
    }

    @Test func writingNothingIsNoCall() throws {
        let pair = try Pair()
        pair.server.endWriting()
        // `send` would fail with EPIPE here.
        #expect(pair.server.write("") == .bytes(0))
        #expect(pair.server.write("x") == .failed(SystemFailure("send", EPIPE)))
    }

    @Test func whoClosedOneWayStillHearsTheOther() throws {
        let pair = try Pair()
        pair.client.endWriting()
        try pair.server.awaitBytes()
        #expect(pair.server.read().outcome == .ended)
        #expect(pair.server.write("still here") == .bytes(10))
        #expect(pair.client.read().bytes == Array("still here".utf8))
    }

    @Test func aResetIsAFailureAndNoEnd() throws {
        let address = try freeAddress()
        var listener = try Listener(address, Listener.Options())
        let client = try ByteStream.connect(to: address)
        let server = try acceptOne(from: &listener)
        // A socket that closes with unread bytes sends a reset.
        #expect(client.write("unread") == .bytes(6))
        try server.awaitBytes()
        close(consume server)
        try client.awaitBytes()
        #expect(client.read().outcome == .failed(SystemFailure("recv", ECONNRESET)))
    }

    private func close(_ stream: consuming ByteStream) {}

    @Test func aFullSocketTakesAPartThenNothingThenGoesOn() throws {
        let pair = try Pair()
        let block = [UInt8](repeating: 0x78, count: 1 << 20)
        var sent = 0
        filling: while true {
            switch block.withUnsafeBufferPointer({ pair.server.write($0) }) {
            case .bytes(let count): sent += count
            case .blocked: break filling
            case .failed(let failure): throw failure
            }
        }
        #expect(sent > 0 && sent < 64 << 20)
        var received = 0
        while received < sent {
            guard case (.bytes(let count, _), _) = pair.client.read(upTo: 1 << 20) else { break }
            received += count
        }
        #expect(received == sent)
        #expect(pair.server.write("x") == .bytes(1))
    }

    @Test func thePeerHasAName() throws {
        let pair = try Pair()
        let peer = pair.server.peer
        #expect(peer.hasPrefix("127.0.0.1:"))
    }
}
