/// Runs one feed on a thread of its own: asks it, hands on what it has, sleeps until it wants to be asked again.
package import Broker
internal import CLinux
internal import Glibc
internal import Primitives
internal import Synchronization

package final class FeedThread: Sendable {
    private let alarm: Alarm
    /// Nil once somebody has joined it.
    private let thread: Mutex<pthread_t?>

    /// Starts the thread. `publish` takes each batch that is not empty; it may empty it, and it blocks the feed
    /// while it works: a publisher that cannot keep up slows its feed, and nothing piles up. `report` hears
    /// what an operator should read. Both are called on the feed's thread.
    package init(
        name: String, feed: sending any Feed,
        publish: @escaping @Sendable (inout UpdateBatch) -> Void,
        report: @escaping @Sendable (FeedReport) -> Void
    ) {
        let alarm = Alarm()
        let run = FeedRun(feed: feed, alarm: alarm, publish: publish, report: report)
        var handle = pthread_t()
        let context = Unmanaged.passRetained(run).toOpaque()
        let code = pthread_create(&handle, nil, { runFeed($0) }, context)
        if code == 0 {
            // A name longer than 15 bytes would be refused, so it is cut.
            pthread_setname_np(handle, String("feed " + name).utf8Prefix(15))
        } else {
            Unmanaged<FeedRun>.fromOpaque(context).release()
            report(.ended(FeedFailure("no thread could be started (errno \(code))", isPassing: false)))
        }
        self.alarm = alarm
        thread = Mutex(code == 0 ? handle : nil)
    }

    deinit { stop() }

    /// Ends the feed and returns when its thread is gone: at once, but for a batch that is being published.
    package func stop() {
        alarm.raise()
        thread.withLock { thread in
            if let thread { pthread_join(thread, nil) }
            thread = nil
        }
    }
}

/// What an operator should read about a feed.
package enum FeedReport: Sendable, Equatable {
    /// It could not produce and is asked again after a while.
    case failed(FeedFailure, retryAfter: Duration)
    /// It will not be asked again; nil: it had no more.
    case ended(FeedFailure?)
}

/// What a feed's thread does. Owned by that thread.
private final class FeedRun {
    private let feed: any Feed
    private let alarm: Alarm
    private let publish: @Sendable (inout UpdateBatch) -> Void
    private let report: @Sendable (FeedReport) -> Void
    private var batch = UpdateBatch()
    private var backoff = FeedBackoff()

    init(
        feed: any Feed, alarm: Alarm, publish: @escaping @Sendable (inout UpdateBatch) -> Void,
        report: @escaping @Sendable (FeedReport) -> Void
    ) {
        self.feed = feed
        self.alarm = alarm
        self.publish = publish
        self.report = report
    }

    func run() {
        while let next = turn(now: .now()) {
            if alarm.wait(until: next) { return }
        }
    }

    /// Asks the feed once; the moment at which to ask again, nil when it has ended.
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
        if next == nil { report(.ended(nil)) }
        return next
    }

    /// What was appended before a failure is as good as any.
    private func handOn() {
        if !batch.isEmpty { publish(&batch) }
        batch.removeAll()
    }

    private func failed(_ failure: FeedFailure, now: Instant) -> Instant? {
        guard failure.isPassing else {
            report(.ended(failure))
            return nil
        }
        let pause = backoff.next()
        report(.failed(failure, retryAfter: pause))
        return now + pause
    }
}

/// The body of a feed's thread: takes over the reference that `FeedThread` retained for it.
private func runFeed(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<FeedRun>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

/// Pauses between attempts that fail: from 1 s, doubled up to a minute, so that a feed that is broken for good
/// costs a line a minute and one that was broken for a moment is back in a second.
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
