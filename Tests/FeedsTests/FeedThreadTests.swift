import Dispatch
import Primitives
import Synchronization
import Testing

@testable import Broker
@testable import Feeds

@Suite(.timeLimit(.minutes(1))) struct FeedThreadTests {
    /// Follows a script, one step a call.
    private final class ScriptedFeed: Feed {
        enum Step {
            case update(then: Duration)
            case fail(FeedFailure)
            case updateAndFail(FeedFailure)
            /// Skips records; where there is a failure, in the same call.
            case skip([String], FeedFailure?)
            case end
            /// Says that it is in the hands of the kernel, and is so until `going` is signalled; then makes an update and skips a
            /// record.
            case hang(saying: DispatchSemaphore, going: DispatchSemaphore)
        }
        private var steps: [Step]
        private var skipped = SkippedRecords()

        init(_ steps: [Step]) { self.steps = steps }

        func produce(
            at now: Instant, time: UnixTime, into batch: inout UpdateBatch
        ) throws(FeedFailure) -> Instant? {
            switch steps.isEmpty ? .end : steps.removeFirst() {
            case .update(let pause):
                append(to: &batch)
                return now + pause
            case .fail(let failure): throw failure
            case .updateAndFail(let failure):
                append(to: &batch)
                throw failure
            case .skip(let reasons, let failure):
                for reason in reasons { skipped.add(reason) }
                if let failure { throw failure }
                return now
            case .end: return nil
            case .hang(let hanging, let going):
                hanging.signal()
                going.wait()
                append(to: &batch)
                skipped.add("a")
                return nil
            }
        }

        func takeSkipped() -> SkippedRecords {
            defer { skipped = SkippedRecords() }
            return skipped
        }

        private func append(to batch: inout UpdateBatch) {
            do {
                try batch.append(topic: Array("a".utf8).span, data: Array("1".utf8).span)
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }

    /// Records the reports of a feed's thread, and lets a test wait for one.
    private final class Witness: Sendable {
        let updateCount = Atomic(0)
        let reports = Mutex<[FeedReport]>([])
        let published = DispatchSemaphore(value: 0)
        let reported = DispatchSemaphore(value: 0)

        func start(_ steps: sending [ScriptedFeed.Step]) -> FeedThread {
            FeedThread(name: "test", feed: ScriptedFeed(steps)) { batch in
                self.updateCount.add(batch.count, ordering: .relaxed)
                self.published.signal()
            } report: { report in
                self.reports.withLock { $0.append(report) }
                self.reported.signal()
            }
        }
    }

    private func stop(_ thread: FeedThread) {
        thread.end()
        #expect(thread.hasEnded(by: .now() + .seconds(50)))
    }

    @Test func publishesAndEnds() {
        let witness = Witness()
        let thread = witness.start([.update(then: .zero), .update(then: .milliseconds(1)), .end])
        witness.reported.wait()
        stop(thread)
        #expect(witness.updateCount.load(ordering: .relaxed) == 2)
        #expect(witness.reports.withLock { $0 } == [.ended(nil)])
    }

    @Test func stopsInTheMiddleOfALongWait() {
        let witness = Witness()
        let thread = witness.start([.update(then: .seconds(3600))])
        witness.published.wait()
        stop(thread)
        stop(thread)
        #expect(witness.reports.withLock { $0 }.isEmpty)
    }

    /// Nobody has to wait for it; and what it then makes is late: another may publish in its place.
    @Test func oneThatHangsIsLeftBehind() {
        let witness = Witness()
        let (hanging, going) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let thread = witness.start([.update(then: .zero), .hang(saying: hanging, going: going)])
        hanging.wait()
        thread.end()
        #expect(!thread.hasEnded(by: .now()))
        going.signal()
        stop(thread)
        #expect(witness.updateCount.load(ordering: .relaxed) == 1)
        #expect(witness.reports.withLock { $0 }.isEmpty)
    }

    @Test func retriesAPassingFailureAndKeepsWhatCameBeforeIt() {
        let witness = Witness()
        let passing = FeedFailure("not yet", isPassing: true)
        let thread = witness.start([.updateAndFail(passing), .update(then: .zero), .end])
        witness.reported.wait()
        witness.reported.wait()
        stop(thread)
        #expect(witness.updateCount.load(ordering: .relaxed) == 2)
        #expect(
            witness.reports.withLock { $0 } == [.failed(passing, retryAfter: .seconds(1)), .ended(nil)])
    }

    /// Also what was skipped in the call that ended the feed.
    @Test func tellsWhatWasSkipped() {
        let witness = Witness()
        let lasting = FeedFailure("malformed", isPassing: false)
        let thread = witness.start([.skip(["a", "b"], nil), .update(then: .zero), .skip(["c"], lasting)])
        for _ in 0..<3 { witness.reported.wait() }
        stop(thread)
        var two = SkippedRecords()
        for reason in ["a", "b"] { two.add(reason) }
        var one = SkippedRecords()
        one.add("c")
        #expect(two.count == 2 && two.example == "a")
        #expect(witness.reports.withLock { $0 } == [.skipped(two), .skipped(one), .ended(lasting)])
    }

    @Test func endsAtALastingFailure() {
        let witness = Witness()
        let lasting = FeedFailure("malformed", isPassing: false)
        let thread = witness.start([.fail(lasting)])
        witness.reported.wait()
        stop(thread)
        #expect(witness.reports.withLock { $0 } == [.ended(lasting)])
    }

    @Test func oneOfAKindIsToldAMinute() {
        var throttle = FeedThrottle()
        let moments = [0, 1, 59, 60, 61, 119.9, 120, 500]
        #expect(
            moments.map { throttle.admits(at: zero + seconds($0)) } == [
                true, false, false, true, false, false, true, true,
            ])
    }

    @Test func backsOffToAMinute() {
        var backoff = FeedBackoff()
        #expect((0..<8).map { _ in backoff.next() } == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        backoff.reset()
        #expect(backoff.next() == .seconds(1))
    }
}
