/// A socket that accepts connections; each loop has its own on the same port (SO_REUSEPORT), or a share of one that all have.
internal import CLinux
internal import Glibc
internal import Primitives

package struct Listener: ~Copyable {
    /// Options of accepted connections. They inherit them from the listener, so accepting costs one call.
    package struct Options: Sendable {
        /// Connections that may wait in the kernel to be accepted.
        package var backlog: Int32 = 4096
        /// Unsent bytes that the kernel may hold for a slow reader before it says "full".
        package var unsentByteCount = 16 * 1024
        /// The kernel's send buffer. The kernel doubles it for its own bookkeeping.
        package var sendBufferByteCount = 64 * 1024
        /// The kernel's receive buffer, doubled likewise. Updates that come faster than the gateway reads grow old
        /// there.
        package var receiveBufferByteCount = 128 * 1024
        /// The kernel gives a connection up when what was sent, or a probe after so long a silence, is not acknowledged for so
        /// long.
        package var acknowledgementTimeout = Duration.seconds(60)

        package init() {}
    }

    /// The result of one attempt to accept.
    package enum Acceptance: ~Copyable {
        case connection(ByteStream)
        /// No connection waits.
        case none
        /// The process or the machine has no descriptor or memory left.
        case exhausted(SystemFailure)
    }

    /// The result of an attempt to turn a connection away.
    package enum Farewell {
        case turnedAway
        case nobodyWaits
        /// Another thread took the reserved descriptor.
        case impossible
    }

    /// What is done to an accepted connection.
    private enum Preparation {
        /// It has inherited all.
        case none
        /// It is one of a Unix socket, which inherits nothing. All that the peer has not read counts as sent, so that its buffer
        /// bounds how old values become, as `unsentByteCount` does elsewhere.
        case local(sendBufferByteCount: Int)
        /// It may have waited since before this process began.
        case passed(Options)
    }

    private let descriptor: FileDescriptor
    /// Nil where the socket is the loop's own.
    private let shared: SharedSocket?
    /// What its connections do not inherit.
    private let preparation: Preparation
    /// Kept for the moment when no other descriptor is free: with it the listener can still tell a waiting connection.
    private var reserve: FileDescriptor?

    /// Binds and listens. Loops share their port, so binding does not refuse a port that another process shares: call
    /// `claim` first, and listen on the address it returns.
    package init(_ address: SocketAddress, _ options: Options) throws(SystemFailure) {
        let socket = try Self.bind(address, isShared: true)
        Self.prepare(socket.number, options)
        guard listen(socket.number, options.backlog) == 0 else { throw SystemFailure("listen") }
        descriptor = socket
        shared = nil
        preparation = .none
        reserve = Self.openReserve()
    }

    /// Accepts from a socket that other loops accept from as well.
    package init(sharing socket: SharedSocket, _ options: Options) throws(SystemFailure) {
        let number = fcntl(socket.descriptor.number, F_DUPFD_CLOEXEC, 0)
        guard number >= 0 else { throw SystemFailure("dup") }
        descriptor = FileDescriptor(owning: number)
        shared = socket
        preparation =
            socket.address.path == nil
            ? .passed(options)
            : .local(sendBufferByteCount: min(options.sendBufferByteCount, 2 * options.unsentByteCount))
        reserve = Self.openReserve()
    }

    private static func prepare(_ number: Int32, _ options: Options) {
        set(number, IPPROTO_TCP, TCP_NODELAY, 1)
        set(number, IPPROTO_TCP, TCP_NOTSENT_LOWAT, Int32(clamping: options.unsentByteCount))
        if options.sendBufferByteCount > 0 {
            set(number, SOL_SOCKET, SO_SNDBUF, Int32(clamping: options.sendBufferByteCount))
        }
        if options.receiveBufferByteCount > 0 {
            set(number, SOL_SOCKET, SO_RCVBUF, Int32(clamping: options.receiveBufferByteCount))
        }
        setTimeouts(number, options.acknowledgementTimeout)
    }

    /// Whether other loops accept from the same socket.
    var isShared: Bool { shared != nil }

    /// Ends a socket that is shared for all; the loop's own closes with its listener.
    func stop() {
        shared?.stop()
    }

    /// Fails if somebody listens on `address`. Returns it with its port: port 0 becomes a free one.
    package static func claim(_ address: SocketAddress) throws(SystemFailure) -> SocketAddress {
        let probe = try bind(address, isShared: false)
        return SocketAddress.local(of: probe.number)
    }

    /// The same where a socket of this process listens at the port already, at another address: only those of others are found.
    package static func claimBesideOwn(_ address: SocketAddress) throws(SystemFailure) -> SocketAddress {
        let probe = try bind(address, isShared: true)
        return SocketAddress.local(of: probe.number)
    }

    package var number: Int32 { descriptor.number }

    package mutating func accept() -> Acceptance {
        if reserve == nil { reserve = Self.openReserve() }
        let number = accept4(
            descriptor.number, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        if number >= 0 {
            prepare(number)
            return .connection(ByteStream(FileDescriptor(owning: number)))
        }
        // Otherwise EINTR, EAGAIN, or an error of a connection that died while it waited (accept(2)).
        return Self.isExhausted ? .exhausted(SystemFailure("accept4")) : .none
    }

    private func prepare(_ number: Int32) {
        switch preparation {
        case .none: break
        case .local(let byteCount):
            if byteCount > 0 { Self.set(number, SOL_SOCKET, SO_SNDBUF, Int32(clamping: byteCount)) }
        case .passed(let options): Self.prepare(number, options)
        }
    }

    private static var isExhausted: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) }

    /// Accepts one waiting connection with the reserved descriptor, sends it `answer` and closes it. Otherwise the
    /// kernel would keep reporting a connection that cannot be accepted.
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
        // `::` is for both families. Another address of IPv6 stands for itself, whatever the machine's default is.
        if address.family == AF_INET6 {
            set(number, IPPROTO_IPV6, IPV6_V6ONLY, address.isWildcard ? 0 : 1)
        }
        if isShared { set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
        guard address.withSockaddr({ Glibc.bind(number, $0, $1) }) == 0 else { throw SystemFailure("bind") }
        return descriptor
    }

    /// A peer that vanished, without a word, is found out by nothing else where little or nothing is sent to it (tcp(7)).
    private static func setTimeouts(_ number: Int32, _ timeout: Duration) {
        let milliseconds = max(timeout.inSeconds * 1000, 1)
        let seconds = max(milliseconds / 1000, 1)
        set(number, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(number, IPPROTO_TCP, TCP_KEEPIDLE, Int32(min(seconds, 32_767)))
        set(number, IPPROTO_TCP, TCP_KEEPINTVL, Int32(min(max(seconds / 4, 1), 32_767)))
        set(number, IPPROTO_TCP, TCP_USER_TIMEOUT, Int32(min(milliseconds, 2e9)))
    }

    private static func set(_ number: Int32, _ level: some BinaryInteger, _ option: Int32, _ value: Int32) {
        var value = value
        // A kernel without this option works without it.
        _ = setsockopt(number, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
