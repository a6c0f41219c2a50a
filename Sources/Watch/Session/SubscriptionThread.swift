/// Keeps one subscription up on a thread of its own, and replaces it when a new one is requested.
package import Client
internal import Primitives
internal import Synchronization
package import Transport

package final class SubscriptionThread: Sendable {
    private struct Order {
        var subscription: WatchSubscription
        var isWhole: Bool
    }

    private struct Wanted {
        var order: Order?
        var isEnding = false
    }

    private let url: GatewayURL
    private let mailbox: Mailbox
    private let wanted = Mutex(Wanted())
    /// Woken when `wanted` changes, and cleared when that is read, both under its lock: a wake that came later would stop the order
    /// that it announced. It interrupts whatever the thread waits for.
    private let change: Wakeup
    /// Woken when the thread is done.
    private let done: Wakeup
    /// How long a farewell may take. A name lookup cannot be interrupted, and nobody waits for it.
    private static let farewellPatience = Duration.milliseconds(500)

    package init(to url: GatewayURL, telling mailbox: Mailbox) throws(SystemFailure) {
        self.url = url
        self.mailbox = mailbox
        change = try Wakeup()
        done = try Wakeup()
    }

    /// Starts the thread, which runs until `end`.
    package func start() throws(SystemFailure) {
        _ = try LoopThread(name: "subscription") { [self] in run() }
    }

    /// Subscribes like this from now on: after the events so far, or from a snapshot if `isWhole`. Any thread.
    package func open(_ subscription: WatchSubscription, isWhole: Bool) {
        wanted.withLock { wanted in
            // Of two pending requests, either may have asked for a snapshot.
            let isWhole = isWhole || wanted.order?.isWhole == true
            wanted.order = Order(subscription: subscription, isWhole: isWhole)
            change.wake()
        }
    }

    /// Ends the subscription, politely if that takes no time.
    package func end() {
        wanted.withLock { wanted in
            wanted.isEnding = true
            change.wake()
        }
        _ = Readiness.wait(for: [.init(done.descriptor, .read)], timeout: Self.farewellPatience)
    }

    // MARK: On the thread

    private func run() {
        var cursor: [UInt8]?
        while let order = waitForOrder() {
            if order.isWhole { cursor = nil }
            mailbox.post(.began(isWhole: cursor == nil))
            let stream = SubscriptionStream(
                order.subscription.request, at: url, over: order.subscription.transport, cursor: cursor,
                longestDelay: ReconnectPolicy.watchedDelay, stop: change)
            follow(stream)
            cursor = stream.cursor
        }
        done.wake()
    }

    private func follow(_ stream: SubscriptionStream) {
        var events: [SubscriptionEvent] = []
        // A busy stream always has something to read and never looks at `change`.
        while !hasChanged, stream.next(into: &events) {
            mailbox.post(.heard(events, at: .now()))
            events.removeAll(keepingCapacity: true)
            mailbox.waitForRoom(unless: change)
        }
    }

    private var hasChanged: Bool { wanted.withLock { $0.order != nil || $0.isEnding } }

    /// Nil: the session is over.
    private func waitForOrder() -> Order? {
        while true {
            let (order, isEnding) = wanted.withLock { wanted in
                change.clear()
                defer { wanted.order = nil }
                return (wanted.order, wanted.isEnding)
            }
            if isEnding { return nil }
            if let order { return order }
            _ = Readiness.wait(for: [.init(change.descriptor, .read)], timeout: nil)
        }
    }
}
