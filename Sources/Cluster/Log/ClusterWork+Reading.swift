/// What comes from the shared log, into the order.
internal import Broker
internal import Primitives

extension ClusterWork {
    var wantsRead: Bool { !lanes[.read].isBusy }

    func startRead(time: UnixTime, at now: Instant) {
        guard wantsRead, lanes[.read].isFree(at: now), !isClosing || hasState else { return }
        guard lanes[.read].epoch != nil, let head else { return startJoin(on: .read, time: time, at: now) }
        if needsLoad {
            let state = Sequencer(epoch: Epoch(head.epoch), retention: settings.rules)
            start(.load(head, into: state, by: clock, progress), on: .read)
        } else {
            read(after: applied, at: now)
        }
    }

    private func read(after position: UInt64, at now: Instant) {
        readBegan = now
        start(.read(after: position), on: .read)
    }

    /// Applies what was read. More is read meanwhile.
    func take(_ records: [LogRecord], at now: Instant) {
        lanes[.read].succeeded()
        noteBack()
        if records.isEmpty {
            if let head, applied < head.position { return loadAnew() }
            noteEnd(applied, seenAt: readBegan)
        }
        if let last = records.last { read(after: last.position, at: now) }
        for record in records where record.position > applied {
            guard record.position == applied + 1 else { return loadAnew() }
            // An epoch begins of which this node has not been told: it joins first, and then knows whether it is its own.
            if record.process.isEmpty, head?.begins(at: record.position) != true {
                return lanes[.read].rejoin()
            }
            apply(record, at: now)
            if isUnusable { return }
            applied = record.position
        }
        noteProgress()
    }

    /// What was read is behind something that was not: that is not kept any more.
    private func loadAnew() {
        needsLoad = true
        lanes[.read].rejoin()
    }

    private func apply(_ record: LogRecord, at now: Instant) {
        byteCountSinceCheckpoint += record.bytes.count
        if record.process == process,
            sent.apply(record.number, to: sequencer, by: clock, reading: &batch)
        {
            return
        }
        do throws(LogEntryFailure) {
            try RecordContent.forEachEntry(of: record.bytes) { entry throws(LogEntryFailure) in
                var reserved = 0
                _ = try sequencer.apply(entry, by: clock, reading: &batch, reserved: &reserved)
            }
        } catch {
            becomeUnusable("what the log holds can't be used: \(error)", at: now)
        }
    }

    /// What the log holds was restored aside, and takes the place of the state.
    func take(_ state: Sequencer, at head: LogHead, _ byteCount: Int, _ now: Instant) {
        if let difference = state.rules.difference(from: settings.rules) {
            return becomeUnusable(
                "the cluster's log was begun with another \"\(difference)\" than this node has: give all nodes the same",
                at: now)
        }
        sequencer.replace(with: state)
        applied = head.position
        (hasState, needsLoad) = (true, false)
        lastCheckpoint = head.checkpoint?.position ?? 0
        // It has no less: the first chunk and the last are of any size.
        lastCheckpointByteCount = max((head.checkpoint?.chunkCount ?? 0) - 2, 0) * StateChunks.chunkByteCount
        byteCountSinceCheckpoint = byteCount
        // In another history the numbers are of other records: what is sent there is sorted out when the append lane joins it.
        if sentIn.map({ head.knows($0) }) ?? true {
            sent.forget(upTo: head.ownNumber, .outcomeLost, releasing: sequencer)
        }
        noteProgress()
        noteBack()
        tell(.loaded(epoch: head.epoch, position: applied, topicCount: sequencer.topicCount))
    }

    // MARK: How far it is

    /// Whoever comes with a cursor that is ahead waits until the node has come so far as the log was then. One end at a time is on
    /// trial: if each took the place of the one before, a node that lags would never pass one.
    func noteEnd(_ position: UInt64, seenAt moment: Instant) {
        if seenEnd == nil { seenEnd = (position, moment) }
        noteProgress()
    }

    private func noteProgress() {
        guard let end = seenEnd, hasState, !needsLoad, applied >= end.position else { return }
        seenEnd = nil
        log.note(caughtUpAt: end.at)
    }

    // MARK: Whether it is there

    func noteAway(_ reason: String, at now: Instant) {
        guard !isAway else { return }
        isAway = true
        log.note(awaySince: now)
        tell(.away(reason: reason))
    }

    private func noteBack() {
        guard isAway, hasState else { return }
        isAway = false
        log.note(awaySince: nil)
        tell(.back)
    }
}

extension PublishFailure {
    /// Whether an update was published is not known.
    static let outcomeLost = unavailable(reason: "it lost its cluster before the outcome was known")
}
