import Broker
import Primitives
import Synchronization
import Testing

@testable import Cluster

/// Notes on their way to the log's server, with a server that answers as a test wants.
@Suite struct WaitingNotesTests {
    private final class Holder: NoteReceiver {
        private let state = Mutex<[UInt64: NoteOutcome]>([:])
        func received(_ outcome: NoteOutcome, for ticket: UInt64) {
            state.withLock { #expect($0.updateValue(outcome, forKey: ticket) == nil, "told twice") }
        }
        var outcomes: [UInt64: NoteOutcome] { state.withLock { $0 } }
    }

    private final class Stage {
        let log: ClusterLog
        private(set) var work: ClusterWork!
        let holder = Holder()
        var now = Instant(nanoseconds: 1 << 61)
        var time = UnixTime(milliseconds: 1_764_000_000_000)
        private(set) var chores: [(chore: ClusterChore, lane: ClusterLane)] = []
        private(set) var notices: [String] = []
        private var count: UInt64 = 0

        init() {
            log = ClusterLog(
                Sequencer(epoch: Epoch("none"), retention: .init()), by: LogClock(ofWall: time, at: now),
                rules: .init())
            work = ClusterWork(
                log, ClusterSettings(node: "a", rules: .init()),
                tell: { [unowned self] in notices.append("\($0)") },
                handOut: { [unowned self] in chores.append(($0, $1)) })
            step()
            // The first round joins and greets.
            answer { chore in
                if case .join = chore { .joined(Self.head("e1")) } else { nil }
            }
            answer { chore in
                if case .greet = chore {
                    .greeted(NodeRound(time: UnixTime(milliseconds: 1), position: 9, words: [], holders: []))
                } else {
                    nil
                }
            }
        }

        static func head(_ epoch: String, former: [LogHead.Former] = []) -> LogHead {
            LogHead(epoch: epoch, position: 9, former: former, checkpoint: nil, ownNumber: 0)
        }

        func step() { work.step(time: time, at: now) }

        func pass(milliseconds: UInt64) {
            now = now + Interval(milliseconds: milliseconds)
            time = UnixTime(milliseconds: time.milliseconds + milliseconds)
            step()
        }

        @discardableResult
        func take(_ name: String = "n", content: Int = 0) -> Bool {
            count += 1
            let request: NoteRequest =
                content > 0
                ? .leave(name: name, content: [UInt8](repeating: 1, count: content), milliseconds: 1)
                : .take(name: name)
            return log.ask(
                request, until: now + .seconds(2), for: NoteTicket(number: count, receiver: holder))
        }

        /// Answers the chores of the lane `nodes` that the test has an answer for.
        func answer(_ report: (ClusterChore) -> ClusterChore.Report?) {
            let waiting = chores.filter { $0.lane == .nodes }
            chores.removeAll { $0.lane == .nodes }
            for (chore, lane) in waiting {
                if let report = report(chore) {
                    log.report(report, of: lane)
                } else {
                    chores.append((chore, lane))
                }
            }
            step()
        }

        /// The requests that are with the server; nil: none are.
        var asked: [NoteRequest]? {
            for (chore, _) in chores { if case .exchange(let requests, "e1") = chore { return requests } }
            return nil
        }
    }

    @Test func manyGoInOneWrite() {
        let stage = Stage()
        #expect(stage.take("first"))
        stage.step()
        #expect(stage.asked == [.take(name: "first")])
        for number in 0..<300 { #expect(stage.take("\(number)")) }
        stage.step()
        stage.answer { _ in .exchanged(NoteExchange([.missing])) }
        #expect(stage.holder.outcomes == [1: .missing] && stage.asked?.count == 256)
        stage.answer { _ in .exchanged(NoteExchange([NoteOutcome](repeating: .left, count: 256))) }
        #expect(stage.asked?.count == 44 && stage.holder.outcomes.count == 257)
    }

    @Test func oneWriteHasABound() {
        let stage = Stage()
        for _ in 0..<3 { #expect(stage.take(content: 500_000)) }
        stage.step()
        #expect(stage.asked?.count == 2)
    }

    @Test func noMoreWaitThanMay() {
        let stage = Stage()
        for _ in 0..<8 { #expect(stage.take(content: (1 << 20) - 1)) }
        #expect(!stage.take(content: 1024))
        stage.step()
        let many = Stage()
        for _ in 0..<4096 { #expect(many.take()) }
        #expect(!many.take())
        // Those that are on their way count as well.
        many.step()
        #expect(!many.take())
        many.answer { _ in .exchanged(NoteExchange([NoteOutcome](repeating: .missing, count: 256))) }
        for _ in 0..<256 { #expect(many.take()) }
        #expect(!many.take())
    }

    /// A server that says nothing: whoever waits for too long is told, and those whose request is with the server when that is known.
    @Test func nobodyWaitsForLong() {
        let stage = Stage()
        stage.take()
        stage.step()
        stage.take()
        stage.step()
        #expect(stage.work.nextDeadline <= stage.now + .seconds(2))
        stage.pass(milliseconds: 1999)
        #expect(stage.holder.outcomes.isEmpty)
        stage.pass(milliseconds: 1)
        #expect(stage.holder.outcomes == [2: .unavailable])
        stage.answer { _ in .failed(.lost(reason: "")) }
        #expect(stage.holder.outcomes == [1: .unavailable, 2: .unavailable])
    }

    @Test func aLostConnectionIsMadeAnew() {
        let stage = Stage()
        stage.take()
        stage.step()
        stage.answer { _ in .failed(.lost(reason: "")) }
        stage.take()
        stage.step()
        // Before the next greeting is due.
        stage.pass(milliseconds: 50)
        stage.answer { chore in if case .join = chore { .joined(Stage.head("e1")) } else { nil } }
        #expect(stage.asked?.count == 1)
    }

    /// Another lane has heard of another epoch while the exchange was under way: what was taken is taken.
    @Test func whatWasTakenIsToldInAnyCase() {
        let stage = Stage()
        stage.take()
        stage.step()
        #expect(stage.asked?.count == 1)
        // What it was at before it heard of the first does not count.
        for _ in 0..<2 {
            stage.log.report(
                .joined(Stage.head("e2", former: [.init(epoch: "e1", survived: 9)])), of: .read)
            stage.step()
        }
        stage.answer { chore in
            if case .exchange = chore { .exchanged(NoteExchange([.taken([7])])) } else { nil }
        }
        #expect(stage.holder.outcomes == [1: .taken([7])])
        stage.pass(milliseconds: 1000)
        // And then it joins what all have joined.
        #expect(stage.chores.contains { if case .join = $0.chore { $0.lane == .nodes } else { false } })
    }

    @Test func aWordThatIsDueGoesFirst() {
        let stage = Stage()
        stage.pass(milliseconds: 999)
        stage.take()
        stage.pass(milliseconds: 1)
        #expect(stage.asked == nil)
        stage.answer { chore in
            if case .greet = chore {
                .greeted(NodeRound(time: UnixTime(milliseconds: 1), position: 9, words: [], holders: []))
            } else {
                nil
            }
        }
        #expect(stage.asked?.count == 1)
    }

    @Test func whoTakesNoPartTellsSo() {
        let stage = Stage()
        // What it was at before it heard of the epoch does not count.
        for _ in 0..<2 {
            stage.log.report(.failed(.unusable(reason: "")), of: .read)
            stage.step()
        }
        stage.take()
        stage.step()
        #expect(stage.holder.outcomes == [1: .unavailable])
    }

    /// Once a minute, however often it happens; and all is counted.
    @Test func aRefusalIsTold() {
        let stage = Stage()
        for second in 0...60 {
            stage.take()
            stage.step()
            #expect(stage.notices.count == (second > 0 ? 1 : 0))
            stage.answer { chore in
                if case .exchange = chore {
                    .exchanged(NoteExchange([.unavailable], refusal: "it is full"))
                } else {
                    nil
                }
            }
            stage.pass(milliseconds: 1000)
            stage.answer { chore in
                if case .greet = chore {
                    .greeted(
                        NodeRound(time: UnixTime(milliseconds: 1), position: 9, words: [], holders: []))
                } else {
                    nil
                }
            }
        }
        #expect(
            stage.notices == [#"notesRefused(reason: "it is full")"#, #"notesRefused(reason: "it is full")"#])
        #expect(stage.log.fleet?.ticketsUnavailable == 61)
    }
}
