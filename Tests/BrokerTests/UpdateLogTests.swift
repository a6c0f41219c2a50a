import Primitives
import Synchronization
import Testing

/// The seam as a publisher sees it: an outcome at once, or later to the ticket's receiver.
@testable import Broker

@Suite struct UpdateLogTests {
    private let moment = (time: UnixTime(milliseconds: 1), now: Instant(nanoseconds: 1))

    private func batch(_ topic: String) throws -> UpdateBatch {
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: Array("1".utf8).span)
        return batch
    }

    private func publish(
        _ topic: String, to log: any UpdateLog, _ number: UInt64, _ receiver: Outcomes
    ) throws -> Publication {
        try log.publish(
            try batch(topic), time: moment.time, at: moment.now,
            for: PublishTicket(number: number, receiver: receiver))
    }

    @Test func memoryKnowsTheOutcomeAtOnce() throws {
        let receiver = Outcomes()
        let log: any UpdateLog = Sequencer(epoch: Epoch("e"))
        guard case .done(let outcome) = try publish("a", to: log, 1, receiver) else {
            return #expect(Bool(false), "it is pending")
        }
        #expect(outcome == PublishOutcome(accepted: 1, lastVersion: 1, time: moment.time))
        #expect(receiver.told.isEmpty)
    }

    @Test func aRefusalIsThrownAndNobodyElseIsTold() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 0
        let receiver = Outcomes()
        let log: any UpdateLog = Sequencer(epoch: Epoch("e"), retention: retention)
        #expect(throws: PublishFailure.tooManyTopics(limit: 0)) { try publish("a", to: log, 1, receiver) }
        #expect(receiver.told.isEmpty)
    }

    /// A log that waits for its disk: outcomes come in the order of its choice, each to its own ticket.
    @Test func pendingOutcomesReachTheirTickets() throws {
        let slow = SlowLog()
        let receivers = [Outcomes(), Outcomes()]
        for number in 1...4 as ClosedRange<UInt64> {
            let topic = number == 3 ? "refused" : "a"
            let publication = try publish(topic, to: slow, number, receivers[Int(number % 2)])
            guard case .pending = publication else { return #expect(Bool(false), "it is done") }
        }
        #expect(receivers.allSatisfy { $0.told.isEmpty })
        slow.settle()
        #expect(
            receivers[0].told[2] == .success(PublishOutcome(accepted: 1, lastVersion: 2, time: moment.time)))
        #expect(
            receivers[0].told[4] == .success(PublishOutcome(accepted: 1, lastVersion: 3, time: moment.time)))
        #expect(
            receivers[1].told[1] == .success(PublishOutcome(accepted: 1, lastVersion: 1, time: moment.time)))
        #expect(receivers[1].told[3] == .failure(.unavailable(reason: "the disk is full")))
        #expect(receivers.allSatisfy { $0.told.count == 2 })
    }

    @Test func aBatchWithoutATicketIsPublishedAllTheSame() throws {
        let slow = SlowLog()
        _ = try slow.publish(try batch("a"), time: moment.time, at: moment.now, for: nil)
        slow.settle()
        #expect(slow.memory.topicCount == 1)
    }
}

/// What a publisher was told, by ticket.
private final class Outcomes: PublishReceiver {
    private let outcomes = Mutex<[UInt64: Result<PublishOutcome, PublishFailure>]>([:])

    var told: [UInt64: Result<PublishOutcome, PublishFailure>] { outcomes.withLock { $0 } }

    func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64) {
        outcomes.withLock { outcomes in
            #expect(outcomes.updateValue(result, forKey: ticket) == nil, "ticket \(ticket) was told twice")
        }
    }
}

/// Numbers at once and tells nobody until its disk has the batch.
private final class SlowLog: UpdateLog {
    typealias Waiting = (ticket: PublishTicket, result: Result<PublishOutcome, PublishFailure>)

    let memory = Sequencer(epoch: Epoch("e"))
    let refusal: PublishFailure? = nil
    private let waiting = Mutex<[Waiting]>([])

    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        let isRefused = batch.byteCount > 5
        let result: Result<PublishOutcome, PublishFailure> =
            isRefused
            ? .failure(.unavailable(reason: "the disk is full"))
            : .success(try memory.publish(batch, time: time, at: now))
        if let ticket { waiting.withLock { $0.append((ticket, result)) } }
        return .pending
    }

    func settle() {
        let settled = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for (ticket, result) in settled.reversed() { ticket.receiver.received(result, for: ticket.number) }
    }
}
