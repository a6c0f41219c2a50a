/// The update log that is kept: a batch is answered when it is in the journal, and no reader sees it before.
package import Broker
package import Primitives

/// Any thread publishes. What comes waits here for the journal's thread (`JournalWork`), which writes, syncs, applies and answers.
package final class JournalLog: UpdateLog {
    package let sequencer: Sequencer
    let intake: Monitor<JournalIntake>
    private let clock: LogClock
    private let meter: JournalMeter
    /// Batches beyond so many bytes that wait are refused: the disk does not keep up.
    private static let waitingByteLimit = 8 << 20

    init(
        _ sequencer: Sequencer, by clock: LogClock, _ intake: Monitor<JournalIntake>, _ meter: JournalMeter
    ) {
        self.sequencer = sequencer
        self.clock = clock
        self.intake = intake
        self.meter = meter
    }

    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        let reserved = try sequencer.reserve(for: batch)
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        let refusal = intake.withLock { intake in
            intake.take(
                batch, at: moment, reserved: reserved, for: ticket, limit: Self.waitingByteLimit)
        }
        guard let refusal else { return .pending }
        sequencer.release(reserved)
        throw refusal
    }

    package var refusal: PublishFailure? { intake.withLock { $0.refusal } }

    package var figures: LogFigures? { meter.figures }

    // MARK: The threads of the journal

    /// Returns when there is something for `JournalWork.step`, or at `deadline`; whether there is.
    @discardableResult package func waitForWork(until deadline: Instant) -> Bool {
        intake.wait(until: deadline) { !$0.isEmpty || $0.isClosing }
    }

    /// How a chore ended.
    package func report(_ report: JournalChore.Report) {
        intake.withLock { $0.reports.append(report) }
    }

    /// Nothing is published any more; what was is brought to its end.
    package func close() {
        intake.withLock { intake in
            intake.isClosing = true
            if intake.refusal == nil { intake.refusal = .unavailable(reason: "it is shutting down") }
        }
    }
}
