/// Runs one feed on a thread of its own: it calls the feed, publishes its updates, and sleeps until the next call.
package import Broker
internal import CLinux
internal import Glibc
package import Primitives

package final class FeedThread: Sendable {
    private let alarm = Alarm()
    private let ending = Monitor(false)

    /// Starts the thread. `publish` takes each non-empty batch, and may empty it. The feed waits while it runs, so a
    /// slow publisher slows the feed and nothing piles up. `report` gets the news for the operator. Both run on the
    /// feed's thread.
    package init(
        name: String, feed: sending any Feed,
        publish: @escaping @Sendable (inout UpdateBatch) -> Void,
        report: @escaping @Sendable (FeedReport) -> Void
    ) {
        let run = FeedRun(feed: feed, alarm: alarm, ending: ending, publish: publish, report: report)
        var handle = pthread_t()
        let context = Unmanaged.passRetained(run).toOpaque()
        let code = pthread_create(&handle, nil, { runFeed($0) }, context)
        if code == 0 {
            // Cut, because a name longer than 15 bytes would be refused.
            pthread_setname_np(handle, String("feed " + name).utf8Prefix(15))
            pthread_detach(handle)
        } else {
            Unmanaged<FeedRun>.fromOpaque(context).release()
            ending.withLock { $0 = true }
            report(.ended(FeedFailure("no thread could be started (errno \(code))", isPassing: false)))
        }
    }

    deinit { end() }

    /// Has the feed end. What it is just producing is published no more, and it has no more news.
    package func end() {
        alarm.raise()
    }

    /// Waits until the feed has ended, but not beyond `deadline`; whether it has. It may hang in a call of the kernel, such as one
    /// that asks a file server that is away.
    package func hasEnded(by deadline: Instant) -> Bool {
        ending.wait(until: deadline) { $0 }
    }
}

/// What an operator should know about a feed.
package enum FeedReport: Sendable, Equatable {
    /// It has left these out and goes on.
    case skipped(SkippedRecords)
    /// It could not produce, and will be called again after a pause.
    case failed(FeedFailure, retryAfter: Duration)
    /// It will not be called again; nil: it had no more updates.
    case ended(FeedFailure?)
}

/// The work of a feed's thread. Owned by that thread.
private final class FeedRun {
    private let feed: any Feed
    private let alarm: Alarm
    private let ending: Monitor<Bool>
    private let publish: @Sendable (inout UpdateBatch) -> Void
    private let report: @Sendable (FeedReport) -> Void
    private var batch = UpdateBatch()
    private var backoff = FeedBackoff()

    init(
        feed: any Feed, alarm: Alarm, ending: Monitor<Bool>,
        publish: @escaping @Sendable (inout UpdateBatch) -> Void,
        report: @escaping @Sendable (FeedReport) -> Void
    ) {
        self.feed = feed
        self.alarm = alarm
        self.ending = ending
        self.publish = publish
        self.report = report
    }

    func run() {
        defer { ending.withLock { $0 = true } }
        while let next = turn(now: .now()) {
            if alarm.wait(until: next) { return }
        }
    }

    /// Calls the feed once. Returns when to call again; nil when it has ended.
    private func turn(now: Instant) -> Instant? {
        let next: Instant?
        do {
            next = try feed.produce(at: now, time: .now(), into: &batch)
            handOn()
        } catch {
            handOn()
            return failed(error, now: now)
        }
        backoff.reset()
        if next == nil { tell(.ended(nil)) }
        return next
    }

    /// Updates appended before a failure are valid, and what was skipped before it is told.
    private func handOn() {
        // Another may publish in its place by now.
        if !batch.isEmpty, !alarm.isRaised { publish(&batch) }
        batch.removeAll()
        let skipped = feed.takeSkipped()
        if skipped.count > 0 { tell(.skipped(skipped)) }
    }

    private func tell(_ news: FeedReport) {
        if !alarm.isRaised { report(news) }
    }

    private func failed(_ failure: FeedFailure, now: Instant) -> Instant? {
        guard failure.isPassing else {
            tell(.ended(failure))
            return nil
        }
        let pause = backoff.next()
        tell(.failed(failure, retryAfter: pause))
        return now + pause
    }
}

/// The body of a feed's thread. It takes over the reference that `FeedThread` retained for it.
private func runFeed(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<FeedRun>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

/// Pauses between failed attempts: 1 s, doubled up to a minute. A feed that is broken for good costs a log line a
/// minute; one that failed for a moment is back in a second.
struct FeedBackoff {
    private static let shortest = Duration.seconds(1)
    private static let longest = Duration.seconds(60)
    private var pause = shortest

    mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longest) }
        return pause
    }

    mutating func reset() {
        pause = Self.shortest
    }
}

extension String {
    /// As many whole characters as fit into `byteCount` bytes.
    fileprivate func utf8Prefix(_ byteCount: Int) -> String {
        var text = self
        while text.utf8.count > byteCount { text.removeLast() }
        return text
    }
}
