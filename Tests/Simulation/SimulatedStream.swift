/// The gateway's end of a link. It closes with its last reference, as a descriptor does.
import Primitives
import Transport

final class SimulatedStream: LayeredStream {
    let link: Link

    init(_ link: Link) {
        self.link = link
    }

    deinit {
        link.gatewayClosed()
    }

    var number: Int32 { -1 }
    func handshake() -> ByteStream.HandshakeOutcome { link.handshake() }
    func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome {
        link.read(into: space)
    }
    func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome { link.write(bytes) }
    func endWriting() { link.endWriting() }
    var sinceAcknowledgement: Duration { link.time.now.since(link.lastTaken) }
    var roundTrip: Duration { .microseconds(200) }
    var unsentByteCount: Int { link.outbound.count }
    var peer: String { link.name }
}
