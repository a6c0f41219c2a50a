/// Connects with a time limit: for clients, never on a loop.
internal import CLinux
internal import Glibc
internal import Primitives

extension ByteStream {
    /// Connects to `address` and returns a stream that never blocks. Fails after `timeout` (ETIMEDOUT), or as soon as
    /// somebody wakes `stop` (ECANCELED).
    package static func connect(
        to address: SocketAddress, within timeout: Duration, unless stop: Wakeup?
    ) throws(SystemFailure) -> ByteStream {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(address.family, type, 0)
        guard number >= 0 else { throw SystemFailure("socket") }
        let descriptor = FileDescriptor(owning: number)
        if address.withSockaddr({ Glibc.connect(number, $0, $1) }) != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw SystemFailure("connect") }
            try awaitConnection(number, until: .now() + timeout, unless: stop)
        }
        var on: Int32 = 1
        _ = setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return ByteStream(descriptor)
    }

    private static func awaitConnection(
        _ number: Int32, until deadline: Instant, unless stop: Wakeup?
    ) throws(SystemFailure) {
        var wishes = [Readiness.Wish(number, .write)]
        if let stop { wishes.append(.init(stop.descriptor, .read)) }
        while true {
            let now = Instant.now()
            guard now < deadline else { throw SystemFailure("connect", ETIMEDOUT) }
            let ready = Readiness.wait(for: wishes, timeout: deadline.since(now))
            if stop != nil, ready[1] { throw SystemFailure("connect", ECANCELED) }
            guard ready[0] else { continue }
            var status: Int32 = 0
            var byteCount = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(number, SOL_SOCKET, SO_ERROR, &status, &byteCount)
            if status != 0 { throw SystemFailure("connect", status) }
            return
        }
    }
}

extension SystemFailure {
    /// The kernel's words for the error, without the call.
    package var reason: String { String(cString: strerror(number)) }

    /// Whether somebody cancelled the wait.
    package var isCancellation: Bool { number == ECANCELED }
}
