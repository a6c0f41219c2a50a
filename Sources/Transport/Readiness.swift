/// Waiting for a few descriptors on a thread that has nothing else to do: for clients, never on a loop.
internal import Glibc
internal import Primitives

package enum Readiness {
    /// One descriptor and what it is waited on for.
    package struct Wish {
        package let number: Int32
        package let interest: Poller.Interest

        package init(_ number: Int32, _ interest: Poller.Interest) {
            self.number = number
            self.interest = interest
        }
    }

    /// Waits until something wished for can be done, or `timeout` has passed (nil: for ever), and says of each
    /// wish whether it can. A hang-up counts as ready: the call that follows tells. A signal ends the wait too.
    package static func wait(for wishes: [Wish], timeout: Duration?) -> [Bool] {
        var entries = wishes.map { wish in
            var events: Int32 = 0
            if wish.interest.contains(.read) { events |= POLLIN }
            if wish.interest.contains(.write) { events |= POLLOUT }
            return pollfd(fd: wish.number, events: Int16(events), revents: 0)
        }
        // Rounded up: waking a little late is right, turning idly until it is time is not.
        let milliseconds = timeout.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else {
            return wishes.map { _ in false }
        }
        return entries.map { $0.revents != 0 }
    }
}
