import Primitives

/// What happens to the gateway itself: loops join, epochs begin, it is restarted with all that it held or with less.
@testable import Broker

struct FormerEpoch {
    let name: String
    /// The last of its numbers that survived.
    var end: UInt64
}

extension World {
    /// What stands on a disk, and the truth as of then.
    struct Saved {
        let checkpoint: Checkpoint
        let truth: Truth
        let former: [FormerEpoch]
        let epoch: String
    }

    func disturb() throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<8 where replicas.count < 6: try join()
        case 8..<14: beginEpoch()
        case 14..<24: saved = save()
        case 24..<28: try restart(from: save())
        case 28..<32: if let saved { try restart(from: saved) }
        default: break
        }
    }

    // MARK: Loops

    /// Adds a loop, whatever was published before.
    func join() throws {
        let replica = BrokerReplica(inbox: sequencer.addInbox(wake: {}))
        replica.recordsCoverage = true
        replica.coveredLimit = coveredLimit
        replica.readerByteLimit = readerByteLimit
        replicas.append(replica)
        heard.append(HeardCoverage())
        note("loop \(replicas.count - 1) joins at \(replica.sequence)")
        guard replica.sequence == truth.sequence, replica.purgedSequence == truth.purgedSequence else {
            throw SimulationFailure("a loop joined at \(replica.sequence), purged \(replica.purgedSequence)")
        }
        if withSleepers {
            let id = replica.addSubscriber(owner: ReaderKey(connection: 99, generation: 0))
            _ = replica.subscribe(id, to: [try TopicPattern("**")], after: nil)
        }
    }

    /// Whoever heard of all changes of coverage knows the coverage.
    func checkCoverage() throws {
        for number in replicas.indices {
            var changes: [CoverageChange] = []
            replicas[number].drainCoverage(into: &changes)
            if let complaint = heard[number].hear(changes) {
                throw SimulationFailure("loop \(number): \(complaint)")
            }
            if heard[number].names != HeardCoverage(of: replicas[number]).names {
                throw SimulationFailure("loop \(number): the changes of coverage do not add up")
            }
        }
    }

    // MARK: Epochs

    private func nextEpoch() -> Epoch {
        epochCount += 1
        return Epoch("sim\(epochCount)")
    }

    /// The old epoch ends while all run, perhaps with less than it handed out cursors for.
    private func beginEpoch() {
        let lost = chance(50) ? 0 : min(truth.sequence, UInt64.random(in: 0...20, using: &random))
        let end = truth.sequence - lost
        let epoch = nextEpoch()
        note("epoch \(epoch.text) begins at \(truth.sequence), after \(end)")
        sequencer.begin(epoch, after: end)
        continueTruth(by: epoch, after: end)
    }

    private func continueTruth(by next: Epoch, after end: UInt64) {
        former.insert(FormerEpoch(name: epoch, end: end), at: 0)
        for place in former.indices { former[place].end = min(former[place].end, end) }
        former = Array(former.prefix(Lineage.formerLimit))
        epoch = next.text
    }

    /// Whether a cursor says something here.
    func isGood(_ cursor: Cursor) -> Bool {
        let survived = former.first { $0.name == cursor.epoch }?.end
        guard let end = cursor.epoch == epoch ? truth.sequence : survived else { return false }
        return cursor.sequence <= end && cursor.sequence >= truth.purgedSequence
    }

    // MARK: Restarts

    private func save() -> Saved {
        Saved(checkpoint: sequencer.checkpoint(), truth: truth, former: former, epoch: epoch)
    }

    /// All connections are gone, and what was published after `saved` never was.
    private func restart(from saved: Saved) throws {
        note("restart at \(truth.sequence) from \(saved.checkpoint.sequence)")
        (truth, former, epoch) = (saved.truth, saved.former, saved.epoch)
        truth.restartLifetimes(at: time)
        replaceSequencer(by: Sequencer(restoring: saved.checkpoint, retention: retention, at: now))
        let next = nextEpoch()
        sequencer.begin(next)
        continueTruth(by: next, after: truth.sequence)
        for number in readers.indices { readers[number].loseConnection(truth) }
        (replicas, heard) = ([], [])
        for _ in 0..<Int.random(in: 1...3, using: &random) { try join() }
    }
}
