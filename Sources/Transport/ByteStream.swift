/// The two directions of a connection, as bytes: the one seam that hides a socket, TLS over one, or a simulation.
internal import CLinux
internal import Glibc
internal import Primitives

package struct ByteStream: ~Copyable {
    package enum ReadOutcome: Equatable {
        /// How many bytes came. If the stream holds more already, no poller will report them.
        case bytes(Int, holdsMore: Bool)
        /// Nothing has come yet: try again when this is possible. A secure stream may have to write before it can
        /// read on.
        case blocked(until: Poller.Interest)
        /// The peer will send nothing more.
        case ended
        case failed(SystemFailure)
    }

    package enum WriteOutcome: Equatable {
        /// How many bytes the kernel took: fewer than given if its buffer is full.
        case bytes(Int)
        case blocked(until: Poller.Interest)
        case failed(SystemFailure)
    }

    /// The result of the exchange before the protocol's first byte; a plain socket needs none.
    package enum HandshakeOutcome: Equatable {
        case done
        case blocked(until: Poller.Interest)
        case failed(HandshakeFailure)
    }

    private enum Body: ~Copyable {
        case socket(FileDescriptor)
        /// Behind one pointer, so that a plain stream does not grow for it.
        case layered(Layer)
    }

    private final class Layer {
        let stream: any LayeredStream
        init(_ stream: any LayeredStream) { self.stream = stream }
    }

    private let body: Body

    package init(_ descriptor: consuming FileDescriptor) {
        body = .socket(descriptor)
    }

    package init(_ stream: any LayeredStream) {
        body = .layered(Layer(stream))
    }

    /// The stream that replaces a socket; nil for a plain one.
    package var layered: (any LayeredStream)? {
        switch body {
        case .socket: nil
        case .layered(let layer): layer.stream
        }
    }

    /// Connects and waits for the result: for clients, never on a loop.
    package static func connect(to address: SocketAddress) throws(SystemFailure) -> ByteStream {
        let number = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemFailure("socket") }
        let descriptor = FileDescriptor(owning: number)
        guard address.withSockaddr({ Glibc.connect(number, $0, $1) }) == 0 else {
            throw SystemFailure("connect")
        }
        var on: Int32 = 1
        _ = setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return ByteStream(descriptor)
    }

    /// The descriptor that a poller waits on; -1 for a stream without one.
    package var number: Int32 {
        switch body {
        case .socket(let descriptor): descriptor.number
        case .layered(let layer): layer.stream.number
        }
    }

    /// Continues the handshake until it is done.
    package func handshake() -> HandshakeOutcome {
        switch body {
        case .socket: .done
        case .layered(let layer): layer.stream.handshake()
        }
    }

    package func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ReadOutcome {
        switch body {
        case .socket(let descriptor):
            let count = uninterrupted { recv(descriptor.number, space.baseAddress, space.count, 0) }
            if count > 0 { return .bytes(count, holdsMore: false) }
            if count == 0 { return .ended }
            return errno == EAGAIN ? .blocked(until: .read) : .failed(SystemFailure("recv"))
        case .layered(let layer): return layer.stream.read(into: space)
        }
    }

    /// One call to the kernel, or one for each record of a secure stream.
    package func write(_ bytes: UnsafeBufferPointer<UInt8>) -> WriteOutcome {
        guard bytes.count > 0 else { return .bytes(0) }
        switch body {
        case .socket(let descriptor):
            let count = uninterrupted {
                send(descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return .bytes(count) }
            return errno == EAGAIN ? .blocked(until: .write) : .failed(SystemFailure("send"))
        case .layered(let layer): return layer.stream.write(bytes)
        }
    }

    /// Announces that this end sends nothing more; the peer still can.
    package func endWriting() {
        switch body {
        case .socket(let descriptor): _ = shutdown(descriptor.number, Int32(SHUT_WR))
        case .layered(let layer): layer.stream.endWriting()
        }
    }

    /// Waits until there is something to read, or `timeout` has passed: for clients, never on a loop.
    package func waitReadable(timeout: Duration) -> Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let components = timeout.components
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        return poll(&entry, 1, Int32(clamping: max(milliseconds, 0))) > 0
    }

    /// How long ago the peer's kernel last acknowledged anything.
    package var sinceAcknowledgement: Duration {
        if let layered { return layered.sinceAcknowledgement }
        // At a Unix socket there is no way on which anything could be lost.
        return tcpInformation.map { .milliseconds(Int64($0.tcpi_last_ack_recv)) } ?? .zero
    }

    /// The round-trip time to the peer, as our kernel has measured it.
    package var roundTrip: Duration {
        if let layered { return layered.roundTrip }
        return tcpInformation.map { .microseconds(Int64($0.tcpi_rtt)) } ?? .zero
    }

    /// What the kernel knows about the connection (tcp(7)); nil if it is no TCP connection.
    private var tcpInformation: tcp_info? {
        var info = tcp_info()
        var byteCount = socklen_t(MemoryLayout<tcp_info>.size)
        let status = getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &info, &byteCount)
        return status == 0 ? info : nil
    }

    /// Bytes that the kernel holds for the peer: unsent, or not acknowledged.
    package var unsentByteCount: Int {
        if let layered { return layered.unsentByteCount }
        var count: Int32 = 0
        // On a TCP socket TIOCOUTQ is SIOCOUTQ (tcp(7)).
        return ioctl(number, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// What broke the connection while nothing was asked of it; nil where nothing did, or it was told already.
    package var brokenBy: SystemFailure? {
        if let layered { return layered.brokenBy }
        var number: Int32 = 0
        var byteCount = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(self.number, SOL_SOCKET, SO_ERROR, &number, &byteCount) == 0, number != 0 else {
            return nil
        }
        return SystemFailure("poll", number)
    }

    /// The address at the other end, or the process that connected to a Unix socket: `unix:uid=1000,pid=4711`.
    package var peer: String {
        if let layered { return layered.peer }
        var storage = sockaddr_storage()
        var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getpeername(number, address, &byteCount) == 0 else { return "?" }
                return address.pointee.sa_family == sa_family_t(AF_UNIX)
                    ? process : SocketAddress(address, byteCount).description
            }
        }
    }

    /// Who has connected to a Unix socket, as the kernel knows (SO_PEERCRED, unix(7)).
    private var process: String {
        var credentials = peer_credentials()
        var byteCount = socklen_t(MemoryLayout<peer_credentials>.size)
        let status = getsockopt(number, SOL_SOCKET, SO_PEERCRED, &credentials, &byteCount)
        return status == 0 ? "unix:uid=\(credentials.uid),pid=\(credentials.pid)" : "?"
    }
}

/// A stream that replaces a plain socket behind `ByteStream`: TLS, or a simulated peer. It closes when its last
/// reference goes away.
package protocol LayeredStream: AnyObject {
    /// The descriptor that a poller waits on, or -1.
    var number: Int32 { get }
    func handshake() -> ByteStream.HandshakeOutcome
    func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome
    /// `bytes` is never empty.
    func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome
    func endWriting()
    var sinceAcknowledgement: Duration { get }
    var roundTrip: Duration { get }
    var unsentByteCount: Int { get }
    var brokenBy: SystemFailure? { get }
    var peer: String { get }
}

extension LayeredStream {
    package var brokenBy: SystemFailure? { nil }
}
