/// Checkpoints: one node makes them for all, so that a new one need not read the log from its beginning.
internal import Broker
internal import Primitives

extension ClusterWork {
    /// Between two of them there is time to load one.
    private static var pause: Interval { Interval(milliseconds: 10_000) }

    var wantsCheckpoint: Bool {
        !lanes[.checkpoint].isBusy && hasState && !needsLoad && !isClosing
            && byteCountSinceCheckpoint > max(settings.checkpointByteCount, lastCheckpointByteCount)
    }

    func startCheckpoint(time: UnixTime, at now: Instant) {
        guard wantsCheckpoint, now >= nextCheckpoint, lanes[.checkpoint].isFree(at: now) else { return }
        guard lanes[.checkpoint].epoch != nil else {
            return startJoin(on: .checkpoint, time: time, at: now)
        }
        start(.claimCheckpoint, on: .checkpoint)
    }

    func take(_ claim: CheckpointClaim, time: UnixTime, at now: Instant) {
        switch claim {
        case .granted(let last) where last <= lastCheckpoint && wantsCheckpoint:
            guard let epoch = lanes[.checkpoint].epoch, epoch == head?.epoch else { return }
            let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
            let state = StateChunks(of: sequencer, at: moment, by: clock)
            start(
                .save(state, position: applied, name: makeEpoch().text, epoch: epoch), on: .checkpoint)
        case .granted(let last), .taken(let last):
            nextCheckpoint = now + Self.pause
            guard last > lastCheckpoint else { return }
            lastCheckpoint = last
            byteCountSinceCheckpoint = 0
        }
    }

    func tookCheckpoint(_ position: UInt64, _ byteCount: Int, at now: Instant) {
        lanes[.checkpoint].succeeded()
        fleet.checkpoints += 1
        lastCheckpoint = position
        lastCheckpointByteCount = byteCount
        byteCountSinceCheckpoint = 0
        nextCheckpoint = now + Self.pause
        tell(.checkpointMade(position: position, byteCount: byteCount))
    }

    func failedCheckpoint(_ failure: SharedLogFailure, at now: Instant) {
        nextCheckpoint = now + Self.pause
        tell(.checkpointFailed(reason: "\(failure)"))
    }
}
