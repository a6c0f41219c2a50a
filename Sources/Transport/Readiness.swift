/// Waits for a few descriptors on a thread that has nothing else to do: for clients, never on a loop.
internal import Glibc
internal import Primitives

package enum Readiness {
    /// One descriptor, and the readiness to wait for.
    package struct Wish {
        package let number: Int32
        package let interest: Poller.Interest

        package init(_ number: Int32, _ interest: Poller.Interest) {
            self.number = number
            self.interest = interest
        }
    }

    /// Waits until one of the wishes is ready, or `timeout` has passed (nil: for ever), and says which are. A hang-up
    /// counts as ready: the next call reports it. A signal ends the wait too.
    package static func wait(for wishes: [Wish], timeout: Duration?) -> [Bool] {
        var entries = wishes.map { wish in
            var events: Int32 = 0
            if wish.interest.contains(.read) { events |= POLLIN }
            if wish.interest.contains(.write) { events |= POLLOUT }
            return pollfd(fd: wish.number, events: Int16(events), revents: 0)
        }
        // Rounded up: it is better to wake a little late than to spin until the time has come.
        let milliseconds = timeout.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else {
            return wishes.map { _ in false }
        }
        return entries.map { $0.revents != 0 }
    }
}
