/// A listening socket on its way to the loop that is to accept from it.
internal import Synchronization

/// Any thread.
package final class HandedListener: Sendable {
    private let listener: Mutex<Listener?>

    package init(_ listener: consuming sending Listener) {
        self.listener = Mutex(listener)
    }

    /// The first who asks gets it. One that nobody asks for closes with this object.
    package func take() -> Listener? {
        listener.withLock { $0.take() }
    }
}
