/// What a loop asks of the machine: which streams are readable or writable, which connections wait, what time it is.
package import Primitives

/// One loop's view of the kernel. `SystemKernel` is the real one. A simulation brings its own, and so runs a whole
/// gateway without a socket. Owned by the loop's thread.
package protocol Kernel: AnyObject {
    var clock: Clock { get }

    /// Waits until something is ready, somebody wakes the loop, or `timeout` has passed (nil: for ever). Fills
    /// `ready`.
    func wait(timeout: Duration?, into ready: inout [Poller.Event]) throws(SystemFailure)

    /// Reports events of the stream under `token`, a number below `Poller.Event.firstListenerToken`, from now on.
    func watch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    /// Changes which events are reported.
    func rewatch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest)
        throws(SystemFailure)
    func unwatch(_ stream: borrowing ByteStream)

    /// The number of listening sockets; they are numbered from 0.
    var listenerCount: Int { get }
    func accept(from listener: Int) -> Listener.Acceptance
    /// For want of a descriptor: accepts one waiting connection, sends it `answer` and closes it.
    func turnAway(from listener: Int, with answer: Span<UInt8>) -> Listener.Farewell
    /// Whether to report connections that wait at the listener.
    func tell(ofListener listener: Int, _ isWanted: Bool) throws(SystemFailure)
    /// Closes the listening sockets.
    func closeListeners()
}

extension Poller.Event {
    /// Tokens from here on are the kernel's own. No process has that many descriptors.
    package static let firstListenerToken = UInt32.max - 1024

    /// An event of a listener: a connection waits.
    package init(listener: Int) {
        self.init(
            token: Self.firstListenerToken + UInt32(listener), isReadable: true, isWritable: false,
            isHungUp: false)
    }

    /// The listener at which a connection waits; nil for an event of a stream.
    package var listener: Int? {
        token >= Self.firstListenerToken ? Int(token - Self.firstListenerToken) : nil
    }
}

/// epoll, the listening sockets, and the eventfd that other threads wake the loop with.
package final class SystemKernel: Kernel {
    private static let wakeupToken = UInt32.max

    private var poller: Poller
    private var listeners: [SharedListener]
    private let wakeup: Wakeup

    /// A class, because arrays cannot hold non-copyable values.
    private final class SharedListener {
        var listener: Listener
        init(_ listener: consuming Listener) { self.listener = listener }
    }

    /// Listens on all `addresses`, which `Listener.claim` has returned.
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

    package func tell(ofListener listener: Int, _ isWanted: Bool) throws(SystemFailure) {
        try poller.change(
            listeners[listener].listener.number, token: Poller.Event.firstListenerToken + UInt32(listener),
            isWanted ? .read : [])
    }

    package func closeListeners() {
        listeners = []
    }
}
