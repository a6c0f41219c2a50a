import Primitives

/// What happens to the gateway itself: loops join, epochs begin, it is restarted with all that it held or with less.
@testable import Broker

struct FormerEpoch {
    let name: String
    /// The last of its numbers that survived.
    var end: UInt64
}

extension World {
    /// What stands on a disk: a state, the truth as of then, and the entries since.
    struct Saved {
        var state: WrittenState
        let truth: Truth
        let former: [FormerEpoch]
        let epoch: String
        var entries: [[UInt8]] = []
    }

    func disturb() throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<8 where replicas.count < 6: try join()
        case 8..<14: beginEpoch()
        case 14..<24: beginSaving()
        case 24..<28: try restart(losing: false)
        case 28..<32: try restart(losing: true)
        default: saveOn()
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
        begin(epoch, after: end)
    }

    private func begin(_ epoch: Epoch, after end: UInt64) {
        keep(LogEntry.bytes(epoch, after: end, at: moment))
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

    private func beginSaving() {
        guard saving == nil else { return }
        saving = Saved(
            state: WrittenState(beginningAt: sequencer), truth: truth, former: former, epoch: epoch)
    }

    /// A part of the state is taken down now and then, while updates go on.
    private func saveOn() {
        guard saving != nil, chance(20) else { return }
        saving?.state.goOn(sequencer, Int.random(in: 1...5, using: &random))
        if saving?.state.isWhole == true { (saved, saving) = (saving, nil) }
    }

    /// An entry of the log: it stands in all that a restart goes by.
    func keep(_ entry: [UInt8]) {
        saved?.entries.append(entry)
        saving?.entries.append(entry)
    }

    /// All connections are gone. What is left is the state that was saved last and all entries since, or none of these: then what was
    /// published after it never was.
    private func restart(losing isLosing: Bool) throws {
        while saved == nil, saving != nil { saveOn() }
        guard let saved else { return }
        note("restart at \(truth.sequence) from \(saved.truth.sequence), losing \(isLosing)")
        let next = try saved.state.restored()
        if isLosing {
            (truth, former, epoch) = (saved.truth, saved.former, saved.epoch)
            self.saved?.entries = []
        } else {
            for entry in saved.entries { try next.apply(entry) }
        }
        saving = nil
        replaceSequencer(by: next)
        let epoch = nextEpoch()
        begin(epoch, after: truth.sequence)
        for number in readers.indices { readers[number].loseConnection(truth) }
        (replicas, heard) = ([], [])
        for _ in 0..<Int.random(in: 1...3, using: &random) { try join() }
    }
}
