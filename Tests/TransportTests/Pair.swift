/// Two connected streams, through a listener of this process on a free port.
import Glibc
import Primitives
import Transport

/// The loopback address with a free port.
func freeAddress() throws -> SocketAddress {
    try Listener.claim(SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
}

/// Whether this machine has the loopback address of IPv6.
let hasIPv6: Bool = {
    do {
        _ = try Listener.claim(SocketAddress.resolve(host: "::1", port: 0)[0])
        return true
    } catch {
        return false
    }
}()

struct Pair: ~Copyable {
    /// The end that connected: its reads block.
    let client: ByteStream
    /// The end that the listener accepted: it never blocks.
    let server: ByteStream

    init(_ options: Listener.Options = Listener.Options()) throws {
        let address = try freeAddress()
        var listener = try Listener(address, options)
        let client = try ByteStream.connect(to: address)
        server = try acceptOne(from: &listener)
        self.client = client
    }
}

/// The connection that waits to be accepted.
func acceptOne(from listener: inout Listener) throws -> ByteStream {
    switch listener.accept() {
    case .connection(let stream): return stream
    case .none: throw SystemFailure("accept: nobody waits", EAGAIN)
    case .exhausted(let failure): throw failure
    }
}

/// What a socket's option stands at.
func option(_ number: Int32, _ level: Int32, _ name: Int32) -> Int32 {
    var value: Int32 = -1
    var byteCount = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(number, level, name, &value, &byteCount)
    return value
}

/// The longest wait for an event; only a failing test reaches it.
let patience = Duration.seconds(30)

extension ByteStream {
    func read(upTo byteCount: Int = 1024) -> (outcome: ReadOutcome, bytes: [UInt8]) {
        var space = [UInt8](repeating: 0, count: byteCount)
        let outcome = space.withUnsafeMutableBufferPointer { read(into: $0) }
        guard case .bytes(let count, _) = outcome else { return (outcome, []) }
        return (outcome, Array(space[..<count]))
    }

    func awaitBytes() throws {
        guard waitReadable(timeout: patience) else { throw SystemFailure("poll: nothing came", ETIMEDOUT) }
    }

    func write(_ text: String) -> WriteOutcome {
        Array(text.utf8).withUnsafeBufferPointer { write($0) }
    }
}
