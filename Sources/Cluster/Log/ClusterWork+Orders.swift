/// Orders for all nodes: they stand in the word of the node that gives them, and what came of them in those of the others.
internal import Broker
internal import Primitives

extension ClusterWork {
    /// Whoever waits for what the others say does not want to wait for a round more.
    private static let awaitedRoundInterval = Interval(milliseconds: 100)

    /// When the next round begins after one that begins now.
    func roundAfter(_ now: Instant, _ interval: Interval) -> Instant {
        now + (orders.isAwaited ? Self.awaitedRoundInterval : interval)
    }

    /// Takes what waits to be given, and what was carried out here. Both are news for the others.
    func take(_ wishes: [NodeOrders.Wish], _ carriedOut: [CarriedOutOrder], at now: Instant) {
        for wish in wishes { orders.give(wish, as: makeEpoch().text, at: now) }
        for done in carriedOut { orders.finish(done) }
        if !(wishes.isEmpty && carriedOut.isEmpty) { nextRound = min(nextRound, now) }
    }

    /// What the others have said in a round, each with its name and how long ago.
    func takeOrders(in reports: [(report: NodeReport, age: UInt64)]) {
        // One that was told to end has nobody any more whose connection could be.
        let reports = reports.filter { !$0.report.hasEnded }
        let heard = reports.filter { $0.age < NodeOrders.life.nanoseconds / 1_000_000 }.map(\.report)
        companions = reports.map(\.report.node.name)
        for order in orders.take(heard) { settings.carryOut(order) }
        orders.settle(companions, present: heard.map(\.node.name))
    }

    func expireOrders(at now: Instant) {
        guard orders.nextDeadline <= now else { return }
        orders.expire(companions, at: now)
    }
}
