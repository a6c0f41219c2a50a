/// Waits for many descriptors at once (epoll, level-triggered: it reports unread bytes again, so a turn may stop
/// reading for the sake of fairness).
internal import CLinux
internal import Glibc
internal import Primitives

package struct Poller: ~Copyable {
    /// The readiness of one descriptor.
    package struct Event {
        /// The number that the descriptor was added with.
        package let token: UInt32
        package let isReadable: Bool
        package let isWritable: Bool
        /// The peer closed or reset the connection; the next read shows which.
        package let isHungUp: Bool

        package init(token: UInt32, isReadable: Bool, isWritable: Bool, isHungUp: Bool) {
            self.token = token
            self.isReadable = isReadable
            self.isWritable = isWritable
            self.isHungUp = isHungUp
        }
    }

    /// Which events to wait for. Hang-ups are always reported.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: 1)
        package static let write = Interest(rawValue: 2)

        fileprivate var events: UInt32 {
            (contains(.read) ? EPOLLIN.rawValue | EPOLLRDHUP.rawValue : 0)
                | (contains(.write) ? EPOLLOUT.rawValue : 0)
        }
    }

    /// 512 events a wait: more would only make turns longer.
    private static let eventLimit = 512

    private let descriptor: FileDescriptor
    private var buffer = [epoll_event](repeating: epoll_event(), count: eventLimit)

    package init() throws(SystemFailure) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("epoll_create1") }
        descriptor = FileDescriptor(owning: number)
    }

    package func add(_ number: Int32, token: UInt32, _ interest: Interest) throws(SystemFailure) {
        try control(EPOLL_CTL_ADD, number, token, interest.events)
    }

    /// The same, for a listening socket that other pollers wait for too: of those that wait one is woken, the one that was added
    /// first. Such an entry can be removed but not changed (epoll_ctl(2)).
    package func addExclusively(_ number: Int32, token: UInt32) throws(SystemFailure) {
        try control(EPOLL_CTL_ADD, number, token, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue)
    }

    package func change(_ number: Int32, token: UInt32, _ interest: Interest) throws(SystemFailure) {
        try control(EPOLL_CTL_MOD, number, token, interest.events)
    }

    /// Only for a descriptor that stays open: closing one removes it.
    package func remove(_ number: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor.number, EPOLL_CTL_DEL, number, &event)
    }

    /// Waits until something is ready or `timeout` has passed (nil: for ever). Fills `ready`.
    package mutating func wait(timeout: Duration?, into ready: inout [Event]) throws(SystemFailure) {
        ready.removeAll(keepingCapacity: true)
        // Rounded up: it is better to wake a little late than to spin until the time has come.
        let milliseconds = timeout.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
        let count = buffer.withUnsafeMutableBufferPointer { events in
            Int(epoll_wait(descriptor.number, events.baseAddress, Int32(events.count), milliseconds))
        }
        if count < 0 {
            // An interrupted wait returns like any other, because the loop may have to look at the signal.
            if errno == EINTR { return }
            throw SystemFailure("epoll_wait")
        }
        for index in 0..<count {
            let bits = buffer[index].events
            ready.append(
                Event(
                    token: buffer[index].data.u32,
                    isReadable: bits
                        & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
                        != 0,
                    isWritable: bits & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0,
                    isHungUp: bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0))
        }
    }

    private func control(
        _ operation: Int32, _ number: Int32, _ token: UInt32, _ events: UInt32
    ) throws(SystemFailure) {
        var event = epoll_event()
        event.events = events
        event.data.u32 = token
        guard epoll_ctl(descriptor.number, operation, number, &event) == 0 else {
            throw SystemFailure("epoll_ctl")
        }
    }
}
