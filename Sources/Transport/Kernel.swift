/// What a loop asks of the machine below it: who can be read or written, who waits to be let in, what time it is.
package import Primitives

/// One loop's view of the kernel. `SystemKernel` is the real one; a simulation brings its own, and with it a whole gateway
/// runs without a socket. Owned by the loop's thread.
package protocol Kernel: AnyObject {
    var clock: Clock { get }

    /// Waits until something is ready, somebody wakes the loop, or `timeout` has passed (nil: for ever), and fills `ready`.
    func wait(timeout: Duration?, into ready: inout [Poller.Event]) throws(SystemFailure)

    /// Tells of the stream under `token`, a number below `Poller.Event.firstListenerToken`, from now on.
    func watch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    /// Tells of something else.
    func rewatch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    func unwatch(_ stream: borrowing ByteStream)

    /// The sockets that it listens on are numbered from 0.
    var listenerCount: Int { get }
    func accept(from listener: Int) -> Listener.Acceptance
    /// Accepts one that waits, sends it `answer` and closes, where there is no descriptor for it to stay.
    func turnAway(from listener: Int, with answer: Span<UInt8>) -> Listener.Farewell
    /// Whether to tell of those who wait at the listeners.
    func tellOfListeners(_ isWanted: Bool) throws(SystemFailure)
    /// Listens no more.
    func closeListeners()
}

extension Poller.Event {
    /// Tokens from here on are the kernel's own. A process has fewer descriptors than that.
    package static let firstListenerToken = UInt32.max - 1024

    /// Tells that somebody waits to be accepted.
    package init(listener: Int) {
        self.init(
            token: Self.firstListenerToken + UInt32(listener), isReadable: true, isWritable: false,
            isHungUp: false)
    }

    /// The listener at which somebody waits; nil for an event of a stream.
    package var listener: Int? {
        token >= Self.firstListenerToken ? Int(token - Self.firstListenerToken) : nil
    }
}

/// epoll, listening sockets, and the eventfd that others wake the loop with.
package final class SystemKernel: Kernel {
    private static let wakeupToken = UInt32.max

    private var poller: Poller
    private var listeners: [SharedListener]
    private let wakeup: Wakeup

    /// Arrays can't hold what can't be copied.
    private final class SharedListener {
        var listener: Listener
        init(_ listener: consuming Listener) { self.listener = listener }
    }

    /// Listens on all `addresses`, which somebody has claimed.
    package init(_ addresses: [SocketAddress], _ options: Listener.Options, wakeup: Wakeup)
        throws(SystemFailure)
    {
        poller = try Poller()
        self.wakeup = wakeup
        listeners = []
        for address in addresses { listeners.append(SharedListener(try Listener(address, options))) }
        for (index, shared) in listeners.enumerated() {
            try poller.add(
                shared.listener.number, token: Poller.Event.firstListenerToken + UInt32(index), .read)
        }
        try poller.add(wakeup.descriptor, token: Self.wakeupToken, .read)
    }

    package var clock: Clock { .system }

    package func wait(timeout: Duration?, into ready: inout [Poller.Event]) throws(SystemFailure) {
        try poller.wait(timeout: timeout, into: &ready)
        guard let place = ready.firstIndex(where: { $0.token == Self.wakeupToken }) else { return }
        wakeup.clear()
        ready.remove(at: place)
    }

    package func watch(
        _ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest
    ) throws(SystemFailure) {
        try poller.add(stream.number, token: token, interest)
    }

    package func rewatch(
        _ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest
    ) throws(SystemFailure) {
        try poller.change(stream.number, token: token, interest)
    }

    package func unwatch(_ stream: borrowing ByteStream) {
        poller.remove(stream.number)
    }

    package var listenerCount: Int { listeners.count }

    package func accept(from listener: Int) -> Listener.Acceptance {
        listeners[listener].listener.accept()
    }

    package func turnAway(from listener: Int, with answer: Span<UInt8>) -> Listener.Farewell {
        listeners[listener].listener.turnAway(with: answer)
    }

    package func tellOfListeners(_ isWanted: Bool) throws(SystemFailure) {
        for (index, shared) in listeners.enumerated() {
            try poller.change(
                shared.listener.number, token: Poller.Event.firstListenerToken + UInt32(index),
                isWanted ? .read : [])
        }
    }

    package func closeListeners() {
        listeners = []
    }
}
