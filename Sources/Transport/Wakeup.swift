/// Wakes a waiting loop (eventfd). Any thread.
internal import CLinux
internal import Glibc
internal import Primitives

package final class Wakeup: Sendable {
    private let number: Int32

    package init() throws(SystemFailure) {
        number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { throw SystemFailure("eventfd") }
    }

    deinit {
        close(number)
    }

    /// The descriptor that the loop's poller waits on.
    package var descriptor: Int32 { number }

    /// Async-signal-safe.
    package func wake() {
        var one: UInt64 = 1
        // A full counter means that the loop is awake already.
        _ = uninterrupted { write(number, &one, 8) }
    }

    package func clear() {
        var count: UInt64 = 0
        _ = uninterrupted { read(number, &count, 8) }
    }
}
