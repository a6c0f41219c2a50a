/// A connection's two ways, as bytes: the one seam behind which a socket, or later TLS, stands.
internal import Glibc

package struct ByteStream: ~Copyable {
    package enum ReadOutcome: Equatable {
        case bytes(Int)
        /// Nothing has come yet.
        case wouldBlock
        /// The peer will send nothing more.
        case ended
        case failed(SystemFailure)
    }

    package enum WriteOutcome: Equatable {
        /// How many were taken; fewer than given when the kernel's buffer is full.
        case bytes(Int)
        case wouldBlock
        case failed(SystemFailure)
    }

    private let descriptor: FileDescriptor

    package init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Connects and waits until it is done: for clients, never on a loop.
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

    package var number: Int32 { descriptor.number }

    package func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ReadOutcome {
        let count = uninterrupted { recv(descriptor.number, space.baseAddress, space.count, 0) }
        if count > 0 { return .bytes(count) }
        if count == 0 { return .ended }
        return errno == EAGAIN ? .wouldBlock : .failed(SystemFailure("recv"))
    }

    /// One call to the kernel.
    package func write(_ bytes: UnsafeBufferPointer<UInt8>) -> WriteOutcome {
        guard bytes.count > 0 else { return .bytes(0) }
        let count = uninterrupted {
            send(descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return .bytes(count) }
        return errno == EAGAIN ? .wouldBlock : .failed(SystemFailure("send"))
    }

    /// Says that nothing more will be sent; the peer still can.
    package func endWriting() {
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
    }

    /// Waits until there is something to read, or `timeout` has passed: for clients, never on a loop.
    package func waitReadable(timeout: Duration) -> Bool {
        var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        let components = timeout.components
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        return poll(&entry, 1, Int32(clamping: max(milliseconds, 0))) > 0
    }

    /// How long ago the peer's kernel last acknowledged anything.
    package var sinceAcknowledgement: Duration {
        tcpInformation.map { .milliseconds(Int64($0.tcpi_last_ack_recv)) } ?? .seconds(86_400)
    }

    /// How long the way to the peer's kernel and back takes, as ours has measured it.
    package var roundTrip: Duration {
        tcpInformation.map { .microseconds(Int64($0.tcpi_rtt)) } ?? .zero
    }

    /// What the kernel knows of the connection (tcp(7)); nil where it is none of TCP.
    private var tcpInformation: tcp_info? {
        var info = tcp_info()
        var byteCount = socklen_t(MemoryLayout<tcp_info>.size)
        let status = getsockopt(descriptor.number, Int32(IPPROTO_TCP), TCP_INFO, &info, &byteCount)
        return status == 0 ? info : nil
    }

    /// Bytes that the kernel holds for the peer: not sent, or not acknowledged.
    package var unsentByteCount: Int {
        var count: Int32 = 0
        // On a TCP socket TIOCOUTQ is SIOCOUTQ (tcp(7)).
        return ioctl(descriptor.number, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// The address at the other end.
    package var peer: String {
        var storage = sockaddr_storage()
        var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getpeername(descriptor.number, address, &byteCount) == 0 else { return "?" }
                return SocketAddress(address, byteCount).description
            }
        }
    }
}
