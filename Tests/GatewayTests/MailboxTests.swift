import Broker
import Primitives
import Synchronization
import Testing

@testable import Gateway

@Suite struct MailboxTests {
    @Test func messagesComeInOrderAndOnce() {
        let wakes = Atomic<Int>(0)
        let mailbox = Mailbox { wakes.add(1, ordering: .relaxed) }
        for ticket in 1...3 {
            mailbox.received(
                .success(PublishOutcome(accepted: ticket, lastVersion: nil, time: .now())),
                for: UInt64(ticket))
        }
        let tickets = mailbox.take().compactMap { message -> UInt64? in
            guard case .answer(_, let ticket) = message else { return nil }
            return ticket
        }
        #expect(tickets == [1, 2, 3] && mailbox.take().isEmpty)
        #expect(wakes.load(ordering: .relaxed) == 3)
    }

    @Test func aTicketIsGoodOnce() {
        var tickets = Tickets()
        let key = ReaderKey(connection: 1, generation: 2)
        let ticket = tickets.issue(to: key)
        #expect(tickets.issue(to: key) != ticket)
        #expect(tickets.redeem(ticket) == key && tickets.redeem(ticket) == nil && tickets.count == 1)
    }
}
