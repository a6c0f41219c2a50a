/// Waits for many descriptors at once (epoll, level-triggered: what was not read is told again, so a turn may
/// stop reading where fairness wants it to).
internal import CLinux
internal import Glibc
internal import Primitives

package struct Poller: ~Copyable {
    /// What one descriptor is ready for.
    package struct Event {
        /// The number under which the descriptor was added.
        package let token: UInt32
        package let isReadable: Bool
        package let isWritable: Bool
        /// The peer closed or reset the connection; a read tells which.
        package let isHungUp: Bool

        package init(token: UInt32, isReadable: Bool, isWritable: Bool, isHungUp: Bool) {
            self.token = token
            self.isReadable = isReadable
            self.isWritable = isWritable
            self.isHungUp = isHungUp
        }
    }

    /// What to wait for. A hang-up is always told.
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

    /// 512 events a wait: more only make turns longer.
    private static let eventLimit = 512

    private let descriptor: FileDescriptor
    private var buffer = [epoll_event](repeating: epoll_event(), count: eventLimit)

    package init() throws(SystemFailure) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("epoll_create1") }
        descriptor = FileDescriptor(owning: number)
    }

    package func add(_ number: Int32, token: UInt32, _ interest: Interest) throws(SystemFailure) {
        try control(EPOLL_CTL_ADD, number, token, interest)
    }

    package func change(_ number: Int32, token: UInt32, _ interest: Interest) throws(SystemFailure) {
        try control(EPOLL_CTL_MOD, number, token, interest)
    }

    /// Needed only for a descriptor that stays open; closing one removes it.
    package func remove(_ number: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor.number, EPOLL_CTL_DEL, number, &event)
    }

    /// Waits until something is ready or `timeout` has passed (nil: for ever), and fills `ready`.
    package mutating func wait(timeout: Duration?, into ready: inout [Event]) throws(SystemFailure) {
        ready.removeAll(keepingCapacity: true)
        // Rounded up: waking a little late is right, turning idly until it is time is not.
        let milliseconds = timeout.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
        let count = buffer.withUnsafeMutableBufferPointer { events in
            Int(epoll_wait(descriptor.number, events.baseAddress, Int32(events.count), milliseconds))
        }
        if count < 0 {
            // An interrupted wait is a turn like any other: a signal may be what the loop should look at.
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
        _ operation: Int32, _ number: Int32, _ token: UInt32, _ interest: Interest
    ) throws(SystemFailure) {
        var event = epoll_event()
        event.events = interest.events
        event.data.u32 = token
        guard epoll_ctl(descriptor.number, operation, number, &event) == 0 else {
            throw SystemFailure("epoll_ctl")
        }
    }
}
