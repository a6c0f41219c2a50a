import Client
import Primitives
import Testing
import Transport

@testable import Watch

struct SubscriptionThreadTests {
    /// Nothing listens on port 1: the test only needs the attempt to fail, and not to be stopped. The thread looks for its
    /// order just when the order is given; many repetitions make the two coincide.
    @Test func anOrderGivenWhileTheThreadStartsIsCarriedOut() throws {
        let url = try GatewayURL(argument: "http://127.0.0.1:1", environment: nil)
        for round in 0..<3000 {
            let mailbox = try Mailbox()
            let thread = try SubscriptionThread(to: url, telling: mailbox)
            try thread.start()
            for _ in 0..<round % 40 { _ = UnixTime.now() }
            thread.open(WatchSubscription(topics: ["a"]), isWhole: true)
            let event = try #require(firstEvent(in: mailbox), "round \(round)")
            guard case .disconnected(.unreachable, _) = event else {
                Issue.record("round \(round): \(event)")
                return thread.end()
            }
            thread.end()
        }
    }

    private func firstEvent(in mailbox: Mailbox) -> SubscriptionEvent? {
        while Readiness.wait(for: [.init(mailbox.arrival.descriptor, .read)], timeout: .seconds(20))[0] {
            for case .heard(let events, _) in mailbox.take() { return events.first }
        }
        return nil
    }
}
