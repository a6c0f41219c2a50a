/// What publishers bring, into the shared log.
internal import Broker
internal import Primitives

extension ClusterWork {
    // MARK: Appending

    /// Whether a record of this node may go into the log.
    private var canAppend: Bool {
        hasState && !needsLoad && lanes[.append].epoch != nil && lanes[.append].epoch == head?.epoch
    }

    /// A log that took nothing is asked with an empty record whether it does again.
    var wantsAppend: Bool {
        guard !lanes[.append].isBusy else { return false }
        return lanes[.append].epoch == nil
            ? hasState : canAppend && !(waiting.isEmpty && refusalReason == nil)
    }

    func startAppend(time: UnixTime, at now: Instant) {
        guard wantsAppend, lanes[.append].isFree(at: now) else { return }
        guard let epoch = lanes[.append].epoch else {
            return startJoin(on: .append, time: time, at: now)
        }
        record.removeAll()
        let number = sent.fill(&record, from: &waiting)
        sentIn = epoch
        let bytes = record.bytes.array
        start(.append(bytes, number: number, epoch: epoch), on: .append)
    }

    func noteAppended() {
        lanes[.append].succeeded()
        fleet.appendedRecords += 1
        fleet.appendedBytes += record.count
        if refusalReason != nil { tell(.takesAgain) }
        refusalReason = nil
    }

    // MARK: When it can't

    /// The log takes nothing: what was on its way waits again.
    func noteRefused(_ reason: String) {
        sent.takeBackLast(returning: &waiting, releasing: sequencer)
        if refusalReason == nil { tell(.refused(reason: reason)) }
        refusalReason = reason
    }

    /// Whoever publishes waits a while for a log that can't be reached, and is refused then.
    func losePatience(time: UnixTime, at now: Instant) {
        guard hasState, isUnusable || isAway || !canAppend || refusalReason != nil else {
            if stuckSince != nil { becomeUnstuck(time: time, at: now) }
            return
        }
        let since = stuckSince ?? now
        if stuckSince == nil { log.intake.withLock { $0.isStuck = true } }
        stuckSince = since
        guard now >= since + Self.patience, !isRefusing else { return }
        refuse(
            .unavailable(
                reason:
                    "its cluster's log \(isAway || refusalReason == nil ? "can't be reached" : "takes nothing")"
            ))
    }

    /// What has waited meanwhile goes on its way.
    private func becomeUnstuck(time: UnixTime, at now: Instant) {
        stuckSince = nil
        if isClosing { return }
        isRefusing = false
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        log.intake.withLock { intake in
            intake.refusal = nil
            intake.isStuck = false
            intake.backlog.empty(by: settings.rules) { part in
                // Where there is no room for its topics it is as if it had never come.
                guard let reserved = try? sequencer.reserve(for: part) else { return }
                waiting.append(part, at: moment, reserved: reserved)
            }
        }
    }

    /// Whoever waits is told, and nothing is taken but what waits apart.
    func refuse(_ refusal: PublishFailure) {
        isRefusing = true
        log.intake.withLock { intake in
            intake.refusal = refusal
            while !intake.entries.isEmpty { waiting.take(&intake.entries) }
        }
        waiting.dropAwaited(refusal, releasing: sequencer)
        sent.abandonAwaited(.outcomeLost)
    }

    // MARK: Ends by time

    var canNameDue: Bool { hasState && canAppend && waiting.isEmpty && !isRefusing && !isClosing }

    /// Ends by time are decided by entries like everything else.
    func nameDue(time: UnixTime, at now: Instant) {
        guard canNameDue, sequencer.nextExpiry <= now else { return }
        sequencer.nameDue(at: now, again: Self.duePatience, in: &due)
        guard !due.isEmpty else { return }
        waiting.append(due, at: LogEntry.Moment(time: time, instant: clock.reading(at: now)))
        due.removeAll()
    }

    // MARK: The end

    func close(at now: Instant) {
        if closesAt == .never {
            closesAt = now + Self.patience
            nextRound = now
        }
        let isDone = waiting.isEmpty && sent.isEmpty && hasLetGo
        guard isDone || now >= closesAt || !hasState || isAway else { return }
        refuse(.unavailable(reason: "it is shutting down"))
        isOver = true
    }
}
