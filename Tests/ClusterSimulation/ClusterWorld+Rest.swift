/// When nothing disturbs any more: what must have become of everything.
internal import Broker
internal import Cluster
internal import Primitives

extension ClusterWorld {
    private static var roundLimit: Int { 4000 }

    /// Everything works, nobody publishes: all come to the end of the log.
    func comeToRest() throws {
        note("nothing disturbs any more")
        servers.healPartitions()
        (servers.isDown, servers.isRefusing, servers.cutChance) = (false, false, 0)
        for node in nodes { node.isPaused = false }
        var quietRounds = 0
        for _ in 0..<Self.roundLimit {
            for node in nodes {
                try turn(node)
                while node.hasChores, !chance(20) { try turn(node) }
            }
            pass(milliseconds: 30)
            quietRounds = isAtRest ? quietRounds + 1 : 0
            // Longer than topics live by their rules.
            if quietRounds > 300 { return }
        }
        let places = nodes.map { "\($0.name) \($0.work.applied) of \($0.work.epoch ?? "nothing")" }
        throw Failure(
            description: """
                no rest: the log is at \(servers.state.position) of \(servers.state.epoch ?? "nothing"), \(places), \
                \(publishers.unansweredCount) batches without an outcome
                """)
    }

    private var isAtRest: Bool {
        publishers.unansweredCount == 0 && noteHolders.unansweredCount == 0
            && orderGivers.unansweredCount == 0 && holders.count == 1
            && nodes.allSatisfy {
                $0.work.applied == servers.state.position && $0.work.epoch == servers.state.epoch
                    && $0.log.awaySince == nil && $0.log.refusal == nil
            }
    }

    /// All nodes know of one another, and which of them runs the feed.
    private func compareFleets() throws {
        let names = nodes.map(\.name).sorted()
        for node in nodes {
            guard let fleet = node.log.fleet else { throw Failure(description: "\(node.name) knows nobody") }
            let present = fleet.words.filter { !$0.isAway(at: time.now) }
            try require(
                present.map(\.node.name) == names && fleet.words.count == names.count,
                "\(node.name) knows \(fleet.words)")
            for word in present {
                try require(
                    word.node.position == servers.state.position && word.node.lag == 0
                        && word.node.epoch == servers.state.epoch, "\(node.name) knows \(word.node)")
            }
            try require(
                fleet.leases.map(\.node) == [holders.first?.name],
                "\(node.name) knows of \(fleet.leases), and \(holders.map(\.name)) have it")
        }
    }

    /// What one node is left, another gives away, once.
    func passANote() throws {
        let (giver, taker) = (nodes[0], nodes[nodes.count - 1])
        let (name, left) = noteHolders.leave(at: giver, time)
        try require(try outcome(of: left) == .left, "\(name) can't be left at \(giver.name)")
        let first = noteHolders.take(name, at: taker, time)
        guard case .taken = try outcome(of: first) else {
            throw Failure(description: "\(taker.name) does not find \(name)")
        }
        let second = noteHolders.take(name, at: giver, time)
        try require(try outcome(of: second) == .missing, "\(name) is there a second time")
    }

    /// All nodes carry out what one of them is asked.
    func giveAnOrder() throws {
        guard let giver = orderGivers.give(at: nodes[0], time) else {
            throw Failure(description: "no order can be given")
        }
        let began = time.wall.milliseconds
        for _ in 0..<Self.roundLimit where giver.tallies.isEmpty {
            for node in nodes { try turn(node) }
            pass(milliseconds: 1)
        }
        let tally = giver.tallies.first
        let others = nodes.count - 1
        try require(tally == OrderTally(count: others, nodeCount: others), "\(String(describing: tally))")
        let took = time.wall.milliseconds - began
        try require(took < 2000, "it takes \(took) ms until all have carried out an order")
    }

    private func outcome(of ticket: UInt64) throws -> NoteOutcome? {
        for _ in 0..<Self.roundLimit {
            if let outcome = noteHolders.outcome(of: ticket) { return outcome }
            for node in nodes { try turn(node) }
            pass(milliseconds: 1)
        }
        return nil
    }

    /// All nodes hold what somebody holds who reads the whole log; what was answered is there once, or was lost by a server.
    func compare() throws {
        let reference = Reference(servers.state, rules)
        try compareFleets()
        for node in nodes {
            try require(
                time.now.since(node.log.caughtUpAt) < .seconds(5),
                "\(node.name) does not know that it has all that there is")
            for (name, topic) in node.topics {
                try require(
                    reference.topics[name] == topic,
                    "\(node.name) holds \(topic), the log says \(String(describing: reference.topics[name]))")
            }
            try require(
                node.topics.count == reference.topics.count && node.sequence == reference.sequence,
                "\(node.name) has \(node.topics.count) topics up to \(node.sequence), the log "
                    + "\(reference.topics.count) up to \(reference.sequence)")
            try require(
                node.lineage == reference.lineage,
                "\(node.name) goes by \(node.lineage), the log by \(reference.lineage)")
        }
        for node in nodes where node.knowsWhatItWasFed {
            let line = reference.topics["feed/\(node.name)"]?.line ?? "nothing"
            let wasLost = servers.lost.contains {
                String(decoding: $0, as: UTF8.self).contains("\"fed-\(node.fed)\"")
            }
            try require(
                line.contains("\"fed-\(node.fed)\"") || wasLost,
                "\(node.name) was fed \(node.fed) last: \(line)")
        }
        for (value, count) in reference.counts {
            try require(count == 1, "\(value) was published \(count) times")
        }
        let lost = Set(servers.lost.flatMap { Publishers.values(in: $0) })
        for value in publishers.answered where reference.counts[value] == nil {
            try require(lost.contains(value), "\(value) was answered, and is missing")
        }
    }
}

/// A replica that reads the whole log of a server from its beginning.
private struct Reference {
    var topics: [String: SimulatedNode.Held] = [:]
    var sequence: UInt64 = 0
    let lineage: Lineage
    /// How often each value was published.
    var counts: [String: Int] = [:]

    init(_ state: ServerState, _ rules: Sequencer.Retention) {
        let sequencer = Sequencer(epoch: Epoch("none"), retention: rules)
        let inbox = sequencer.addInbox {}
        var batch = UpdateBatch()
        var names: [UInt32: String] = [:]
        for record in state.records {
            try? RecordContent.forEachEntry(of: record.bytes) { entry throws(LogEntryFailure) in
                var reserved = 0
                _ = try sequencer.apply(entry, by: LogClock(), reading: &batch, reserved: &reserved)
            }
            var entries: [InboxEntry] = []
            inbox.take(into: &entries)
            for entry in entries {
                if entry.event == .created { names[entry.topic] = entry.payload.text }
                guard entry.event == .value || entry.event == .tombstone, let name = names[entry.topic] else {
                    continue
                }
                let line = entry.payload.text
                topics[name] = SimulatedNode.Held(
                    sequence: entry.sequence, version: entry.version, line: line,
                    isEnded: entry.event == .tombstone)
                sequence = entry.sequence
                for value in Publishers.values(in: Array(line.utf8)) { counts[value, default: 0] += 1 }
            }
        }
        lineage = sequencer.lineage
    }
}
