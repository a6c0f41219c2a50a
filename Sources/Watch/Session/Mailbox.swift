/// Events between the subscription's thread and the screen's. It is bounded: a terminal that cannot keep up slows the
/// reading, and so the gateway, which conflates.
package import Client
package import Primitives
internal import Synchronization
package import Transport

package final class Mailbox: Sendable {
    package enum Letter: Sendable {
        /// A link is requested; `isWhole`: with a snapshot.
        case began(isWhole: Bool)
        case heard([SubscriptionEvent], at: UnixTime)
    }

    /// Events that may wait: two frames of a busy gateway.
    private static let limit = 65_536

    private struct Content {
        var letters: [Letter] = []
        var eventCount = 0
    }

    private let content = Mutex(Content())
    /// Woken when a letter is there to take.
    package let arrival: Wakeup
    /// Woken when there is room again.
    private let room: Wakeup

    package init() throws(SystemFailure) {
        arrival = try Wakeup()
        room = try Wakeup()
    }

    /// Any thread.
    package func post(_ letter: Letter) {
        let wasEmpty = content.withLock { content in
            content.letters.append(letter)
            if case .heard(let events, _) = letter { content.eventCount += events.count }
            return content.letters.count == 1
        }
        if wasEmpty { arrival.wake() }
    }

    /// Waits until there is room, or `stop` is woken.
    package func waitForRoom(unless stop: Wakeup) {
        while content.withLock({ $0.eventCount > Self.limit }) {
            let ready = Readiness.wait(
                for: [.init(room.descriptor, .read), .init(stop.descriptor, .read)], timeout: nil)
            if ready[1] { return }
            room.clear()
        }
    }

    package func take() -> [Letter] {
        arrival.clear()
        let letters = content.withLock { content in
            let letters = content.letters
            content = Content()
            return letters
        }
        if !letters.isEmpty { room.wake() }
        return letters
    }
}
