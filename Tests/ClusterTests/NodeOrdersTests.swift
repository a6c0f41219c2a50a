import Broker
import Primitives
import Synchronization
import Testing

@testable import Cluster

@Suite struct NodeOrdersTests {
    private final class Giver: OrderReceiver {
        private let state = Mutex<[OrderTally]>([])
        func received(_ tally: OrderTally) { state.withLock { $0.append(tally) } }
        var tallies: [OrderTally] { state.withLock { $0 } }
    }

    private static let now = Instant(nanoseconds: 1 << 61)

    private static func give(_ orders: inout NodeOrders, _ id: String, to giver: Giver, at now: Instant = now)
    {
        orders.give(
            .init(content: [1], deadline: now + .seconds(4), receiver: giver), as: id, at: now)
    }

    private static func report(
        of name: String = "a", orders: [String] = [], carriedOut: [(String, Int)] = []
    ) -> NodeReport {
        var report = NodeReport(process: "p", node: Fleet.Node(name: name))
        report.orders = orders.map { NodeOrder(id: $0, content: [7]) }
        report.carriedOut = carriedOut.map { CarriedOutOrder(id: $0.0, count: $0.1) }
        return report
    }

    private static func said(_ orders: inout NodeOrders) -> NodeReport {
        var report = report()
        orders.say(in: &report)
        return report
    }

    // MARK: Of this node

    @Test func allWhoAreThereAreWaitedFor() {
        var orders = NodeOrders()
        let giver = Giver()
        Self.give(&orders, "x", to: giver)
        // Nobody can have heard of it.
        orders.settle([], present: [])
        #expect(giver.tallies.isEmpty)
        #expect(Self.said(&orders).orders == [NodeOrder(id: "x", content: [1])])
        #expect(orders.take([Self.report(of: "b", carriedOut: [("x", 2), ("y", 9)])]) == [])
        orders.settle(["b", "c", "d"], present: ["b", "c"])
        #expect(giver.tallies.isEmpty && orders.isAwaited)
        _ = orders.take([
            Self.report(of: "b", carriedOut: [("x", 2)]), Self.report(of: "c", carriedOut: [("x", 0)]),
        ])
        orders.settle(["b", "c", "d"], present: ["b", "c"])
        #expect(giver.tallies == [OrderTally(count: 2, nodeCount: 2, missing: ["d"])])
        #expect(Self.said(&orders).orders.isEmpty && !orders.isAwaited && orders.nextDeadline == .never)
    }

    @Test func whoIsAloneWaitsForNobody() {
        var orders = NodeOrders()
        let giver = Giver()
        Self.give(&orders, "x", to: giver)
        _ = Self.said(&orders)
        orders.settle(["gone"], present: [])
        #expect(giver.tallies == [OrderTally(missing: ["gone"])])
    }

    @Test func nobodyIsWaitedForForLong() {
        var orders = NodeOrders()
        let giver = Giver()
        Self.give(&orders, "x", to: giver)
        _ = Self.said(&orders)
        _ = orders.take([Self.report(of: "c", carriedOut: [("x", 3)])])
        #expect(orders.nextDeadline == Self.now + .seconds(4))
        orders.expire(["b", "c"], at: Self.now + .milliseconds(3999))
        #expect(giver.tallies.isEmpty)
        orders.expire(["b", "c"], at: Self.now + .seconds(4))
        #expect(giver.tallies == [OrderTally(count: 3, nodeCount: 1, missing: ["b"])])
        // Who comes a little later still does it, and nobody is told twice.
        #expect(Self.said(&orders).orders.count == 1 && orders.nextDeadline == Self.now + .seconds(10))
        _ = orders.take([Self.report(of: "b", carriedOut: [("x", 3)])])
        orders.settle(["b", "c"], present: ["b", "c"])
        #expect(giver.tallies.count == 1 && orders.count == 0)
    }

    @Test func anOrderIsOverAfterAWhile() {
        var orders = NodeOrders()
        Self.give(&orders, "x", to: Giver())
        orders.expire(["b"], at: Self.now + .milliseconds(9999))
        #expect(Self.said(&orders).orders.count == 1)
        orders.expire(["b"], at: Self.now + .seconds(10))
        #expect(Self.said(&orders).orders.isEmpty)
    }

    // MARK: Of others

    @Test func anOrderIsCarriedOutOnce() {
        var orders = NodeOrders()
        #expect(orders.take([Self.report(orders: ["x", "y"])]).map(\.id) == ["x", "y"])
        #expect(orders.take([Self.report(orders: ["x", "y"])]).isEmpty)
        #expect(Self.said(&orders).carriedOut.isEmpty)
        orders.finish(CarriedOutOrder(id: "y", count: 4))
        orders.finish(CarriedOutOrder(id: "z", count: 4))
        #expect(Self.said(&orders).carriedOut == [CarriedOutOrder(id: "y", count: 4)])
        #expect(orders.take([Self.report(orders: ["y"])]).isEmpty)
        // Whoever gave it takes it back: nothing is said of it any more.
        #expect(orders.take([Self.report()]).isEmpty)
        #expect(Self.said(&orders).carriedOut.isEmpty)
    }

    @Test func noMoreAreBegunThanMay() {
        var orders = NodeOrders()
        let many = (0..<100).map { "\($0)" }
        #expect(orders.take([Self.report(orders: many)]).count == 64)
        #expect(orders.take([Self.report(orders: many), Self.report(of: "b", orders: ["z"])]).isEmpty)
        #expect(orders.take([Self.report(of: "b", orders: ["z"])]).map(\.id) == ["z"])
    }

    @Test func noMoreAreGivenThanMay() {
        let log = ClusterLog(
            Sequencer(epoch: Epoch("none"), retention: .init()),
            by: LogClock(ofWall: UnixTime(milliseconds: 1), at: Self.now), rules: .init())
        let giver = Giver()
        #expect(!log.order([UInt8](repeating: 32, count: 4097), until: .never, for: giver))
        for _ in 0..<64 { #expect(log.order([1], until: .never, for: giver)) }
        #expect(!log.order([1], until: .never, for: giver) && giver.tallies.isEmpty)
    }
}
