/// Notes that nodes leave for one another. They go by the lane that greets: its connection is used every second, so it is alive.
internal import Broker
internal import Primitives

extension ClusterWork {
    /// A refusal is told once in such a time.
    private static let noticeInterval = Interval(milliseconds: 60_000)

    var nextNoteStep: Instant {
        guard !notes.isEmpty else { return .never }
        return lanes[.nodes].isBusy
            ? notes.firstDeadline : min(lanes[.nodes].retryAt, notes.firstDeadline)
    }

    /// A word of this node that is due goes first; nobody waits for long behind it.
    func startExchange(time: UnixTime, at now: Instant) {
        guard !notes.isEmpty, lanes[.nodes].isFree(at: now) else { return }
        guard let epoch = lanes[.nodes].epoch else { return startJoin(on: .nodes, time: time, at: now) }
        askedNotes = notes.takePortion()
        start(.exchange(askedNotes.map(\.request), epoch: epoch), on: .nodes)
    }

    /// Tells those who wait for what the lane was at. After a failure nobody knows whether it was done, and nothing is tried again:
    /// what is taken twice would be missing the second time.
    func settleNotes(by report: ClusterChore.Report, at now: Instant) {
        guard !askedNotes.isEmpty else { return }
        let asked = askedNotes
        askedNotes = []
        guard case .exchanged(let exchange) = report, exchange.outcomes.count == asked.count else {
            for note in asked { settle(note, .unavailable) }
            return
        }
        for (note, outcome) in zip(asked, exchange.outcomes) { settle(note, outcome) }
        guard let reason = exchange.refusal, now >= nextNoteNotice else { return }
        nextNoteNotice = now + Self.noticeInterval
        tell(.notesRefused(reason: reason))
    }

    /// Whoever has waited for too long is told so, and all where this node takes no part any more.
    func expireNotes(at now: Instant) {
        while isUnusable || notes.firstDeadline <= now, let note = notes.popFirst() {
            settle(note, .unavailable)
        }
    }

    private func settle(_ note: WaitingNotes.Note, _ outcome: NoteOutcome) {
        switch outcome {
        case .left: fleet.ticketsMade += 1
        case .taken: fleet.ticketsRedeemed += 1
        case .unavailable: fleet.ticketsUnavailable += 1
        case .missing: break
        }
        note.ticket.receiver.received(outcome, for: note.ticket.number)
    }
}
