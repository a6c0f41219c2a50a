/// What a subscriber is told of its losses and refusals is counted and logged as well (docs/protocol.md, section 2).
internal import Broker
internal import Primitives
internal import Synchronization

extension GatewayLoop {
    /// A cursor was presented: honoured, or answered with a reset.
    func note(resume isHonoured: Bool) {
        statistics.count(resume: isHonoured)
        if !isHonoured { shared.log.debug("a cursor was reset") }
    }

    /// The batch at hand was handed to a reader.
    func noteDelivery() {
        statistics.delivered.add(batch.updates.count)
        statistics.gaps.add(batch.gaps.count)
        for gap in batch.gaps {
            shared.log.debug(
                "a reader fell behind a log",
                [
                    "topic": .text(gap.topic.unsafeBytes.span.text), "next": .integer(Int(gap.next)),
                    "missed": gap.missed.map { .integer(Int($0)) } ?? .text("unknown"),
                ])
        }
    }

    /// A request or a command was refused. The detail says what was asked for, never a value or a token.
    func note(refusal problem: Problem) {
        statistics.refusals[problem.code]?.value.add()
        shared.log.debug("refused", ["code": .text(problem.code), "detail": .text(problem.detail)])
    }
}
