/// A reader's end of its connection, in the clear or secure.
import Glibc
import Primitives
import Transport

final class ReaderLink {
    let number: Int32
    private let stream: ByteStream

    /// Takes over a connected socket, and shakes hands if the server wants that.
    init(_ socket: Int32, isSecure: Bool) throws {
        number = socket
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        let plain = ByteStream(FileDescriptor(owning: socket))
        guard isSecure else {
            stream = plain
            return
        }
        stream = try TLSStream.connect(
            over: plain, to: "localhost", trusting: .anyone, until: .now() + .seconds(60), unless: nil)
    }

    /// What there is, up to `limit` bytes; nil at the end. `holdsMore`: no poller tells of the rest.
    func receive(into space: UnsafeMutablePointer<UInt8>, atMost limit: Int) -> (count: Int, holdsMore: Bool)?
    {
        switch stream.read(into: UnsafeMutableBufferPointer(start: space, count: limit)) {
        case .bytes(let count, let holdsMore): (count, holdsMore)
        case .blocked: (0, false)
        case .ended, .failed: nil
        }
    }

    /// Whether all was sent.
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { stream.write($0) } == .bytes(bytes.count)
    }
}
