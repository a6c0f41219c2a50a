/// A socket that accepts connections; each loop has its own on the same port (SO_REUSEPORT).
internal import CLinux
internal import Glibc

package struct Listener: ~Copyable {
    /// How accepted connections are set up. They inherit it from the listener, so accepting costs one call.
    package struct Options: Sendable {
        /// Connections that the kernel keeps while nobody accepts them.
        package var backlog: Int32 = 4096
        /// What the kernel may hold unsent for a slow reader before it says "full".
        package var unsentByteCount = 16 * 1024
        /// The kernel's send buffer; it keeps twice as much for its own books.
        package var sendBufferByteCount = 64 * 1024
        /// The kernel's receive buffer, likewise: what a publisher sends faster than the gateway takes it grows old there.
        package var receiveBufferByteCount = 128 * 1024

        package init() {}
    }

    /// What one attempt to accept came to.
    package enum Acceptance: ~Copyable {
        case connection(ByteStream)
        /// Nobody waits.
        case none
        /// The process or the machine has no descriptor or memory left.
        case exhausted(SystemFailure)
    }

    /// What became of an attempt to turn somebody away.
    package enum Farewell {
        case turnedAway
        case nobodyWaits
        /// Another thread took the descriptor that was kept for it.
        case impossible
    }

    private let descriptor: FileDescriptor
    /// Kept free for the moment when there is no other: then a waiting connection can be told so.
    private var reserve: FileDescriptor?

    /// Binds and listens. A port that another process has is refused even though loops share theirs: `claim`
    /// first, then listen on what it returned.
    package init(_ address: SocketAddress, _ options: Options) throws(SystemFailure) {
        let socket = try Self.bind(address, isShared: true)
        Self.set(socket.number, IPPROTO_TCP, TCP_NODELAY, 1)
        Self.set(socket.number, IPPROTO_TCP, TCP_NOTSENT_LOWAT, Int32(clamping: options.unsentByteCount))
        if options.sendBufferByteCount > 0 {
            Self.set(socket.number, SOL_SOCKET, SO_SNDBUF, Int32(clamping: options.sendBufferByteCount))
        }
        if options.receiveBufferByteCount > 0 {
            Self.set(socket.number, SOL_SOCKET, SO_RCVBUF, Int32(clamping: options.receiveBufferByteCount))
        }
        guard listen(socket.number, options.backlog) == 0 else { throw SystemFailure("listen") }
        descriptor = socket
        reserve = Self.openReserve()
    }

    /// Makes sure that nobody listens on `address` and returns it with its port: port 0 takes a free one.
    package static func claim(_ address: SocketAddress) throws(SystemFailure) -> SocketAddress {
        let probe = try bind(address, isShared: false)
        return SocketAddress.local(of: probe.number)
    }

    package var number: Int32 { descriptor.number }

    package mutating func accept() -> Acceptance {
        if reserve == nil { reserve = Self.openReserve() }
        let number = accept4(
            descriptor.number, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        if number >= 0 { return .connection(ByteStream(FileDescriptor(owning: number))) }
        // Else EINTR, EAGAIN, or what accept(2) says of connections that died while they waited.
        return Self.isExhausted ? .exhausted(SystemFailure("accept4")) : .none
    }

    private static var isExhausted: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) }

    /// Accepts one waiting connection with the reserved descriptor, sends it `answer` and closes it, so that
    /// the kernel does not keep telling of what cannot be had.
    package mutating func turnAway(with answer: Span<UInt8>) -> Farewell {
        reserve = nil
        defer { reserve = Self.openReserve() }
        let number = accept4(
            descriptor.number, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        guard number >= 0 else { return Self.isExhausted ? .impossible : .nobodyWaits }
        let stream = ByteStream(FileDescriptor(owning: number))
        answer.withUnsafeBufferPointer { _ = stream.write($0) }
        return .turnedAway
    }

    private static func openReserve() -> FileDescriptor? {
        let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
        return number < 0 ? nil : FileDescriptor(owning: number)
    }

    private static func bind(_ address: SocketAddress, isShared: Bool) throws(SystemFailure) -> FileDescriptor
    {
        let number = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemFailure("socket") }
        let descriptor = FileDescriptor(owning: number)
        set(number, SOL_SOCKET, SO_REUSEADDR, 1)
        if isShared { set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
        guard address.withSockaddr({ Glibc.bind(number, $0, $1) }) == 0 else { throw SystemFailure("bind") }
        return descriptor
    }

    private static func set(_ number: Int32, _ level: some BinaryInteger, _ option: Int32, _ value: Int32) {
        var value = value
        // A kernel that does not know an option serves without it.
        _ = setsockopt(number, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
