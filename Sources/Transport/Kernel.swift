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

    /// Listens at one more socket, under that number; those of the start are numbered from 0. Where it fails, the socket is there
    /// all the same, and `tell` may be tried again.
    func open(_ listener: consuming Listener, as number: Int) throws(SystemFailure)
    /// Closes one of the listening sockets.
    func close(listener: Int)
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
    /// By number; nil where one was closed.
    private var listeners: [WatchedListener?]
    private let wakeup: Wakeup

    /// A class, because arrays cannot hold non-copyable values.
    private final class WatchedListener {
        var listener: Listener
        /// Whether its connections that wait are reported.
        var isWatched = false
        init(_ listener: consuming Listener) { self.listener = listener }
    }

    /// Listens at all `places`: on an address that `Listener.claim` has returned, or with others on a socket.
    package init(
        _ places: [(address: SocketAddress, shared: SharedSocket?)], _ options: Listener.Options,
        wakeup: Wakeup
    ) throws(SystemFailure) {
        poller = try Poller()
        self.wakeup = wakeup
        listeners = []
        for (address, shared) in places {
            let listener =
                if let shared { try Listener(sharing: shared, options) } else {
                    try Listener(address, options)
                }
            listeners.append(WatchedListener(listener))
        }
        for place in listeners.indices { try tell(ofListener: place, true) }
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

    package func open(_ listener: consuming Listener, as number: Int) throws(SystemFailure) {
        while listeners.count <= number { listeners.append(nil) }
        listeners[number] = WatchedListener(listener)
        try tell(ofListener: number, true)
    }

    package func accept(from listener: Int) -> Listener.Acceptance {
        guard let watched = listeners[listener] else { return .none }
        switch watched.listener.accept() {
        case .connection(let stream):
            letOthersTakeTheNext(of: watched, listener)
            return .connection(stream)
        case .none: return .none
        case .exhausted(let failure): return .exhausted(failure)
        }
    }

    /// A shared socket's next connection wakes the loop that was added first. So one that has got a connection goes to the end,
    /// or it would get nearly all.
    private func letOthersTakeTheNext(of watched: WatchedListener, _ listener: Int) {
        guard watched.listener.isShared, watched.isWatched else { return }
        let number = watched.listener.number
        poller.remove(number)
        do throws(SystemFailure) {
            try poller.addExclusively(number, token: Self.token(of: listener))
        } catch {
            // Out of kernel memory for the moment: the other loops accept, and this one once it is told to again.
            watched.isWatched = false
        }
    }

    private static func token(of listener: Int) -> UInt32 {
        Poller.Event.firstListenerToken + UInt32(listener)
    }

    package func turnAway(from listener: Int, with answer: Span<UInt8>) -> Listener.Farewell {
        listeners[listener]?.listener.turnAway(with: answer) ?? .nobodyWaits
    }

    package func tell(ofListener listener: Int, _ isWanted: Bool) throws(SystemFailure) {
        guard let watched = listeners[listener], watched.isWatched != isWanted else { return }
        let number = watched.listener.number
        if !isWanted {
            poller.remove(number)
        } else if watched.listener.isShared {
            try poller.addExclusively(number, token: Self.token(of: listener))
        } else {
            try poller.add(number, token: Self.token(of: listener), .read)
        }
        watched.isWatched = isWanted
    }

    package func close(listener: Int) {
        guard let watched = listeners[listener] else { return }
        // One that others have open would go on to be reported.
        poller.remove(watched.listener.number)
        watched.listener.stop()
        listeners[listener] = nil
    }

    package func closeListeners() {
        for listener in listeners.indices { close(listener: listener) }
    }
}
