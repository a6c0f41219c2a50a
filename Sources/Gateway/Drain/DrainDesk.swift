/// Where the gateway is told to drain, and how far that is.
internal import Primitives
internal import Synchronization

/// Any thread.
package final class DrainDesk: Sendable {
    /// Who has ordered it first; nil: nobody yet.
    private let order = Monitor<String?>(nil)
    private let hasOrder = Atomic<Bool>(false)
    /// Goodbyes are said.
    private let hasBegun = Atomic<Bool>(false)
    /// When whoever is still there is cut, in nanoseconds; 0: that is not known yet.
    private let end = Atomic<UInt64>(0)
    private let watchers = Atomic<Int>(0)

    /// The first order counts; the others change nothing.
    package func order(by orderer: String) {
        order.withLock { first in
            if first == nil { first = orderer }
        }
        hasOrder.store(true, ordering: .releasing)
    }

    /// Returns, when there is an order, who has given it.
    package func waitForOrder() -> String {
        while true {
            if let orderer = order.when({ $0 != nil }, by: .never, then: { $0 }) ?? nil { return orderer }
        }
    }

    /// Balancers are given time to notice before the first goodbye.
    func settle(_ settings: DrainSettings) {
        hasOrder.store(true, ordering: .releasing)
        noteEnd(.now() + settings.settle + settings.deadline)
        // Nothing cuts it short but the end of the process.
        _ = order.wait(until: .now() + settings.settle) { _ in false }
    }

    package func begin() { hasBegun.store(true, ordering: .releasing) }

    func noteEnd(_ moment: Instant) { end.store(moment.nanoseconds, ordering: .relaxed) }

    /// Whether the gateway is to end, and nobody new is to be sent to it.
    package var isOrdered: Bool { hasOrder.load(ordering: .acquiring) || isDraining }

    /// Whether goodbyes are said: nobody new is taken in.
    package var isDraining: Bool { hasBegun.load(ordering: .acquiring) }

    // MARK: Watching

    /// Connections whose clients watch how it goes. They stay until all others are gone.
    var watcherCount: Int { watchers.load(ordering: .relaxed) }

    func add(watcher connection: Connection) {
        let isNew = connection.facts.insert(.watchesDrain).inserted
        if isNew { watchers.add(1, ordering: .relaxed) }
    }

    func remove(watcher connection: Connection) {
        let was = connection.facts.remove(.watchesDrain) != nil
        if was { watchers.subtract(1, ordering: .relaxed) }
    }

    /// As who watches is told it, of so many connections: `{"phase":"draining","connections":12,"seconds":4.2}`, in so many seconds
    /// at most.
    func progress(of connectionCount: Int, at now: Instant) -> ByteBuffer {
        var text = ByteBuffer()
        text.append("{\"phase\":\"\(isDraining ? "draining" : "settling")\",\"connections\":")
        text.append(decimal: UInt64(max(connectionCount - watcherCount, 0)))
        let end = Instant(nanoseconds: end.load(ordering: .relaxed))
        if end.nanoseconds > 0 {
            text.append(",\"seconds\":")
            text.append(jsonNumber: (end.since(min(now, end)).inSeconds * 1000).rounded() / 1000)
        }
        text.append("}\n")
        return text
    }
}
