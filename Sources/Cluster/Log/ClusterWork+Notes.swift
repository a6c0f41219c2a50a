/// Notes that nodes leave for one another. They go by the lane that greets: its connection is used every second, so it is alive.
internal import Broker
internal import Primitives

extension ClusterWork {
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
    func settleNotes(by report: ClusterChore.Report) {
        guard !askedNotes.isEmpty else { return }
        let asked = askedNotes
        askedNotes = []
        if case .exchanged(let outcomes) = report, outcomes.count == asked.count {
            for (note, outcome) in zip(asked, outcomes) { note.settle(outcome) }
        } else {
            for note in asked { note.settle(.unavailable) }
        }
    }

    /// Whoever has waited for too long is told so, and all where this node takes no part any more.
    func expireNotes(at now: Instant) {
        while isUnusable || notes.firstDeadline <= now, let note = notes.popFirst() {
            note.settle(.unavailable)
        }
    }
}
