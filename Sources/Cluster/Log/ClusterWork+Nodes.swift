/// What the nodes know of one another: each says once a second what it is, and which feeds it would run.
internal import Broker
internal import Primitives

extension ClusterWork {
    private static let roundInterval = Interval(milliseconds: 1000)
    /// A lease ends here before it does at the server, whose clock may be the faster one.
    private static let ownLease = Interval(milliseconds: UInt64(NodeGreeting.leaseMilliseconds) - 2000)
    /// The end of a lease that is not this node's.
    private static let past = Instant(nanoseconds: 0)
    /// Well before a node is forgotten (`NodeGreeting.memoryMilliseconds`).
    static let silenceMilliseconds: UInt64 = 1_800_000
    /// One process may take the place of another while that one still ends.
    private static let rivalLimit = 3

    /// When something is to be done for the rounds.
    var nextRoundStep: Instant {
        lanes[.nodes].isBusy ? .never : max(lanes[.nodes].retryAt, nextRound)
    }

    func startRound(time: UnixTime, at now: Instant) {
        guard now >= nextRound, lanes[.nodes].isFree(at: now) else { return }
        lookAtItself()
        log.note(fleet)
        guard let epoch = lanes[.nodes].epoch else { return startJoin(on: .nodes, time: time, at: now) }
        nextRound = roundAfter(now, Self.roundInterval)
        roundBegan = now
        // Whoever has still to load could not publish what a feed makes.
        let wanted = hasState && !isClosing ? log.sharedFeeds : []
        let dropped = askedFeeds.subtracting(wanted)
        for feed in dropped { fleet.leases.removeAll { $0.feed == feed } }
        log.note(fleet)
        askedFeeds.formUnion(wanted)
        roundFeeds = wanted.sorted()
        var report = NodeReport(process: process, node: fleet.own)
        orders.say(in: &report)
        report.hasEnded = isClosing
        isLastRound = isClosing
        let greeting = NodeGreeting(
            node: settings.node, process: process, epoch: epoch, report: report.json,
            wantedFeeds: roundFeeds, droppedFeeds: dropped.sorted())
        start(.greet(greeting), on: .nodes)
    }

    func take(_ round: NodeRound, time: UnixTime, at now: Instant) {
        lanes[.nodes].succeeded()
        heardAt = time
        if isLastRound { hasSaidGoodbye = true }
        logEnd = round.position
        noteEnd(round.position, seenAt: roundBegan)
        noteRival(round)
        takeLeases(round)
        lookAtItself()
        let heard = round.words.compactMap { word($0, in: round) }
        takeOrders(in: heard.map { ($0.report, $0.age) })
        fleet.words = heard.map { word in
            let instant = now.nanoseconds - min(word.age * 1_000_000, now.nanoseconds)
            return Fleet.Word(word.report.node, time: word.time, at: Instant(nanoseconds: instant))
        }
        fleet.words.append(Fleet.Word(fleet.own, time: round.time, at: now))
        fleet.words.sort { $0.node.name < $1.node.name }
        log.note(fleet)
    }

    /// Nil: it is this node's, nothing that can be understood, or of one that is forgotten with this round.
    private func word(
        _ word: NodeRound.Word, in round: NodeRound
    ) -> (report: NodeReport, time: UnixTime, age: UInt64)? {
        let age = round.time.milliseconds - min(word.time.milliseconds, round.time.milliseconds)
        guard word.node != settings.node, age < UInt64(NodeGreeting.memoryMilliseconds),
            let report = NodeReport(of: word.node, json: word.report)
        else { return nil }
        return (report, word.time, age)
    }

    /// What this node is at present.
    private func lookAtItself() {
        fleet.own.epoch = epoch ?? ""
        fleet.own.position = applied
        fleet.own.lag = logEnd - min(applied, logEnd)
        fleet.own.connections = settings.connectionCount()
        fleet.own.isDraining = settings.isDraining()
    }

    // MARK: Names

    /// What this process said last is not there: another one has said something under this name since.
    private func noteRival(_ round: NodeRound) {
        defer { greetedAs = process }
        guard greetedAs == process, let word = round.words.first(where: { $0.node == settings.node }),
            let other = NodeReport(of: word.node, json: word.report), !other.process.isEmpty,
            other.process != process
        else {
            rivalCount = 0
            return
        }
        rivalCount += 1
        guard rivalCount == Self.rivalLimit else { return }
        tell(.nameTaken(process: other.process, address: other.node.address))
    }

    // MARK: Feeds

    /// Whether no feed is kept from other nodes, and they know that this one ends, as far as that can be reached.
    var hasLetGo: Bool { askedFeeds.isEmpty && hasSaidGoodbye || lanes[.nodes].epoch == nil }

    private func takeLeases(_ round: NodeRound) {
        askedFeeds = Set(roundFeeds)
        let own = "\(settings.node) \(process)"
        for (feed, holder) in zip(roundFeeds, round.holders) {
            let node = holder.split(separator: " ").first.map { String($0) }
            take(Fleet.Lease(feed, of: node, until: holder == own ? roundBegan + Self.ownLease : Self.past))
        }
    }

    private func take(_ lease: Fleet.Lease) {
        let former = fleet.lease(of: lease.feed)
        fleet.leases.removeAll { $0.feed == lease.feed }
        fleet.leases.append(lease)
        fleet.leases.sort { $0.feed < $1.feed }
        let isHere = lease.end > Self.past
        let wasHere = former.map { $0.end > Self.past } ?? false
        if isHere, !wasHere { tell(.feedIsHere(lease.feed)) }
        if !isHere, wasHere || former?.node != lease.node {
            tell(.feedIsElsewhere(lease.feed, node: lease.node))
        }
    }

    /// A node that hears nothing has no feeds any more: another one may.
    func noteFeedsThatEnd(at now: Instant) {
        for lease in fleet.leases where lease.end > Self.past && !lease.isHere(at: now) {
            take(Fleet.Lease(lease.feed, of: nil, until: Self.past))
            log.note(fleet)
        }
    }
}
