import Broker
import Primitives
import Synchronization
import Testing

@testable import Cluster

/// What a node says and makes of what it hears, with a log that answers as a test wants.
@Suite struct NodeRoundTests {
    /// Keeps what this node is told of orders: what it is to do, and what came of its own.
    private final class Ears: OrderReceiver {
        private let state = Mutex<(orders: [NodeOrder], tallies: [OrderTally])>(([], []))
        var orders: [NodeOrder] { state.withLock { $0.orders } }
        var tallies: [OrderTally] { state.withLock { $0.tallies } }
        func take(_ order: NodeOrder) { state.withLock { $0.orders.append(order) } }
        func received(_ tally: OrderTally) { state.withLock { $0.tallies.append(tally) } }
    }

    private final class Stage {
        let ears = Ears()
        let log: ClusterLog
        private(set) var work: ClusterWork!
        var now = Instant(nanoseconds: 1 << 61)
        var time = UnixTime(milliseconds: 1_764_000_000_000)
        private var chores: [(chore: ClusterChore, lane: ClusterLane)] = []
        private(set) var notices: [String] = []
        private(set) var greetings: [NodeGreeting] = []
        /// What the others have said, and how long ago.
        var words: [(node: String, report: NodeReport, age: UInt64)] = []
        /// What stands under the node's own name; nil: what it said itself.
        var rival: NodeReport?
        /// Who has all feeds; nil: the node.
        var holder: String?
        private var epochs = 0
        private var loads = false

        init(isLoaded: Bool = false) {
            log = ClusterLog(
                Sequencer(epoch: Epoch("none"), retention: .init()), by: LogClock(ofWall: time, at: now),
                rules: .init())
            var settings = ClusterSettings(node: "a", rules: .init())
            settings.address = "http://a:1"
            settings.connectionCount = { 5 }
            settings.carryOut = { [ears] in ears.take($0) }
            work = ClusterWork(
                log, settings,
                makeEpoch: { [unowned self] in
                    epochs += 1
                    return Epoch("p\(epochs)")
                },
                tell: { [unowned self] in notices.append("\($0)") },
                handOut: { [unowned self] in chores.append(($0, $1)) })
            guard isLoaded else { return }
            loads = true
            run()
            (greetings, notices) = ([], [])
            pass(milliseconds: 1000)
        }

        /// The node steps, and its greetings are answered, as long as something comes of it.
        func run() {
            repeat {
                work.step(time: time, at: now)
                let waiting = chores
                chores = []
                for (chore, lane) in waiting { answer(chore, lane) }
            } while work.nextDeadline <= now || !log.intake.withLock { $0.isEmpty }
        }

        func pass(milliseconds: UInt64) {
            now = now + Interval(milliseconds: milliseconds)
            time = UnixTime(milliseconds: time.milliseconds + milliseconds)
        }

        private func answer(_ chore: ClusterChore, _ lane: ClusterLane) {
            switch chore {
            case .join where lane == .nodes || (lane == .read && loads):
                let head = LogHead(epoch: "e1", position: 9, former: [], checkpoint: nil, ownNumber: 0)
                log.report(.joined(head), of: lane)
            case .load(let head, let sequencer, let clock, _):
                sequencer.live(by: clock)
                log.report(.loaded(sequencer, head, byteCount: 0), of: lane)
            case .greet(let greeting):
                let former = greetings.last.flatMap { NodeReport(of: "a", json: $0.report) }
                greetings.append(greeting)
                var heard = words.map { ($0.node, $0.report.json, $0.age) }
                if let own = rival ?? former { heard.append(("a", own.json, 1000)) }
                log.report(
                    .greeted(
                        NodeRound(
                            time: UnixTime(milliseconds: 5_000_000), position: 9,
                            words: heard.map {
                                .init(
                                    node: $0.0, report: $0.1, time: UnixTime(milliseconds: 5_000_000 - $0.2))
                            },
                            holders: greeting.wantedFeeds.map { _ in holder ?? greeting.holder })), of: lane)
            // The others are not for this.
            default: break
            }
        }
    }

    private static func report(_ name: String, process: String) -> NodeReport {
        NodeReport(process: process, node: Fleet.Node(name: name))
    }

    @Test func onceASecond() {
        let stage = Stage()
        stage.run()
        #expect(stage.greetings.count == 1)
        stage.pass(milliseconds: 999)
        stage.run()
        #expect(stage.greetings.count == 1)
        #expect(stage.work.nextDeadline == stage.now + Interval(milliseconds: 1))
        stage.pass(milliseconds: 1)
        stage.run()
        #expect(stage.greetings.count == 2)
        let said = NodeReport(of: "a", json: stage.greetings[1].report)
        #expect(said?.process == stage.work.process && said?.node.address == "http://a:1")
        #expect(said?.node.connections == 5 && said?.node.lag == 9, "it has loaded nothing yet")
    }

    @Test func whoIsSilentIsAwayAndThenForgotten() throws {
        let stage = Stage()
        stage.words = [
            ("c", Self.report("c", process: "x"), 9_000), ("b", Self.report("b", process: "y"), 10_000),
            ("d", Self.report("d", process: "z"), 3_600_000),
        ]
        stage.run()
        let fleet = try #require(stage.log.fleet)
        #expect(fleet.words.map(\.node.name) == ["a", "b", "c"])
        #expect(fleet.words.map { $0.isAway(at: stage.now) } == [false, true, false])
        // Who hears nothing any more can't say that anybody is there.
        #expect(fleet.awayCount(at: stage.now + .seconds(1)) == 2)
        #expect(fleet.awayCount(at: stage.now + .seconds(10)) == 3)
    }

    @Test func aWordThatIsNoReportIsPassedOver() {
        let stage = Stage()
        stage.words = [("b\u{1B}", NodeReport(process: "", node: Fleet.Node(name: "b\u{1B}")), 0)]
        stage.run()
        #expect(stage.log.fleet?.words.count == 2)
    }

    // MARK: Names

    @Test func anotherProcessOfTheSameNameIsTold() {
        let stage = Stage()
        stage.rival = Self.report("a", process: "other")
        // What the one before said is no sign of life.
        stage.run()
        for count in 1...5 {
            #expect(stage.notices.isEmpty == (count < 4), "\(count)")
            stage.pass(milliseconds: 1000)
            stage.run()
        }
        #expect(stage.notices.count == 1 && stage.notices[0].hasPrefix("nameTaken"))
        stage.rival = nil
        stage.pass(milliseconds: 1000)
        stage.run()
        stage.rival = Self.report("a", process: "third")
        for _ in 0..<3 {
            stage.pass(milliseconds: 1000)
            stage.run()
        }
        #expect(stage.notices.count == 2)
    }

    @Test func aProcessThatTookThePlaceOfAnotherIsAlone() {
        let stage = Stage()
        stage.rival = Self.report("a", process: "former")
        stage.run()
        stage.rival = nil
        for _ in 0..<9 {
            stage.pass(milliseconds: 1000)
            stage.run()
        }
        #expect(stage.notices.isEmpty)
    }

    @Test func whoWasSilentForVeryLongGoesOnAsAnother() {
        let stage = Stage()
        stage.run()
        let former = stage.work.process
        stage.pass(milliseconds: 1_800_000)
        stage.run()
        #expect(stage.work.process == former)
        stage.pass(milliseconds: 1_800_001)
        stage.run()
        #expect(stage.work.process != former && stage.greetings.last?.process == stage.work.process)
        #expect(stage.notices.isEmpty)
    }

    // MARK: Feeds

    @Test func aFeedIsHeldForLessTimeThanTheServerGivesIt() {
        let stage = Stage(isLoaded: true)
        stage.log.sharedFeeds = ["x", "y"]
        stage.run()
        #expect(stage.greetings[0].wantedFeeds == ["x", "y"])
        let end = stage.now + .seconds(8)
        #expect(stage.log.holds(feed: "x", at: stage.now))
        #expect(stage.log.holds(feed: "y", at: Instant(nanoseconds: end.nanoseconds - 1)))
        #expect(!stage.log.holds(feed: "y", at: end))
        #expect(!stage.log.holds(feed: "z", at: stage.now))
        // Nothing is heard any more.
        stage.pass(milliseconds: 8000)
        stage.work.step(time: stage.time, at: stage.now)
        #expect(
            stage.notices == [
                #"feedIsHere("x")"#, #"feedIsHere("y")"#, #"feedIsElsewhere("x", node: nil)"#,
                #"feedIsElsewhere("y", node: nil)"#,
            ])
    }

    @Test func whoHasStillToLoadWantsNone() {
        let stage = Stage()
        stage.log.sharedFeeds = ["x"]
        stage.run()
        #expect(stage.greetings[0].wantedFeeds == [])
    }

    @Test func aFeedOfAnotherIsWaitedFor() {
        let stage = Stage(isLoaded: true)
        stage.log.sharedFeeds = ["x"]
        stage.holder = "b p7"
        stage.run()
        #expect(!stage.log.holds(feed: "x", at: stage.now))
        #expect(stage.log.fleet?.lease(of: "x")?.node == "b")
        stage.pass(milliseconds: 1000)
        stage.run()
        // The same name is not the same process.
        stage.holder = "a p7"
        stage.pass(milliseconds: 1000)
        stage.run()
        #expect(!stage.log.holds(feed: "x", at: stage.now))
        stage.holder = nil
        stage.pass(milliseconds: 1000)
        stage.run()
        #expect(stage.log.holds(feed: "x", at: stage.now))
        #expect(
            stage.notices == [
                #"feedIsElsewhere("x", node: Optional("b"))"#, #"feedIsElsewhere("x", node: Optional("a"))"#,
                #"feedIsHere("x")"#,
            ])
    }

    @Test func aFeedThatIsNotWantedAnyMoreIsLetGo() {
        let stage = Stage(isLoaded: true)
        stage.log.sharedFeeds = ["x", "y"]
        stage.run()
        stage.log.sharedFeeds = ["y"]
        stage.pass(milliseconds: 1000)
        stage.run()
        #expect(stage.greetings[1].wantedFeeds == ["y"] && stage.greetings[1].droppedFeeds == ["x"])
        #expect(!stage.log.holds(feed: "x", at: stage.now))
        stage.pass(milliseconds: 1000)
        stage.run()
        #expect(stage.greetings[2].droppedFeeds == [])
    }

    // MARK: Orders

    private static func report(
        _ name: String, gives id: String? = nil, hasDone done: CarriedOutOrder? = nil
    ) -> NodeReport {
        var report = report(name, process: "p")
        report.orders = id.map { [NodeOrder(id: $0, content: [7])] } ?? []
        report.carriedOut = done.map { [$0] } ?? []
        return report
    }

    /// Its process may be gone, and who comes now has come after it.
    @Test func anOrderOfWhoIsSilentIsLeftUndone() {
        let stage = Stage()
        stage.words = [
            ("b", Self.report("b", gives: "x"), 9_999), ("c", Self.report("c", gives: "y"), 10_000),
        ]
        stage.run()
        #expect(stage.ears.orders == [NodeOrder(id: "x", content: [7])])
        // The news goes out at once.
        let count = stage.greetings.count
        stage.log.report(NodeOrder(id: "x", content: [7]), count: 3)
        stage.run()
        #expect(stage.greetings.count == count + 1)
        let said = stage.greetings.last.flatMap { NodeReport(of: "a", json: $0.report) }
        #expect(said?.carriedOut == [CarriedOutOrder(id: "x", count: 3)])
    }

    @Test func whoWaitsForOthersAsksMoreOften() throws {
        let stage = Stage()
        stage.words = [("b", Self.report("b"), 0), ("c", Self.report("c"), 10_000)]
        stage.run()
        #expect(stage.log.order([1], until: stage.now + .seconds(4), for: stage.ears))
        stage.run()
        let said = try #require(stage.greetings.last.flatMap { NodeReport(of: "a", json: $0.report) })
        let order = try #require(said.orders.first)
        #expect(stage.work.nextDeadline == stage.now + Interval(milliseconds: 100))
        stage.words[0].report = Self.report("b", hasDone: CarriedOutOrder(id: order.id, count: 2))
        stage.pass(milliseconds: 100)
        stage.run()
        #expect(stage.ears.tallies == [OrderTally(count: 2, nodeCount: 1, missing: ["c"])])
        // The next round says that it is over, at its time.
        stage.pass(milliseconds: 999)
        stage.run()
        #expect(stage.greetings.last.flatMap { NodeReport(of: "a", json: $0.report) }?.orders == [])
    }

    /// It was told to end, and its connections have gone elsewhere. It is a node like others when it is started again.
    @Test func whoHasEndedIsNotMissing() {
        let stage = Stage()
        var ended = Self.report("b")
        ended.hasEnded = true
        stage.words = [("b", ended, 0), ("c", Self.report("c"), 10_000)]
        stage.run()
        #expect(stage.log.order([1], until: stage.now + .seconds(4), for: stage.ears))
        stage.run()
        #expect(stage.ears.tallies == [OrderTally(missing: ["c"])])
        stage.words[0].report = Self.report("b")
        #expect(stage.log.order([1], until: stage.now + .seconds(4), for: stage.ears))
        stage.run()
        #expect(stage.ears.tallies.count == 1)
    }

    @Test func whoEndsSaysSo() throws {
        let stage = Stage(isLoaded: true)
        stage.run()
        func hasEnded() -> Bool? {
            stage.greetings.last.flatMap { NodeReport(of: "a", json: $0.report) }?.hasEnded
        }
        #expect(hasEnded() == false)
        stage.log.close()
        stage.run()
        #expect(hasEnded() == true && stage.work.isOver)
    }

    @Test func nobodyWaitsForALogThatIsAway() {
        let stage = Stage()
        stage.words = [("b", Self.report("b"), 0)]
        stage.run()
        stage.work.step(time: stage.time, at: stage.now)
        #expect(stage.log.order([1], until: stage.now + .seconds(4), for: stage.ears))
        // Nothing is answered any more.
        stage.work.step(time: stage.time, at: stage.now)
        stage.pass(milliseconds: 3999)
        stage.work.step(time: stage.time, at: stage.now)
        #expect(
            stage.ears.tallies.isEmpty && stage.work.nextDeadline <= stage.now + Interval(milliseconds: 1))
        stage.pass(milliseconds: 1)
        stage.work.step(time: stage.time, at: stage.now)
        #expect(stage.ears.tallies == [OrderTally(missing: ["b"])])
    }
}
