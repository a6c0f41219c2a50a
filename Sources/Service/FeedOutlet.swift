/// Where one feed's updates and news go: to the gateway, the figures and the log.
internal import Broker
internal import Feeds
internal import Gateway
internal import Logging
internal import Primitives
internal import Synchronization

/// Used by the feed's thread alone.
final class FeedOutlet: Sendable {
    private let name: String
    private let updates: any UpdateLog
    private let source: SourceStatistics
    private let log: Log
    private let throttles = Mutex((skipped: FeedThrottle(), refused: FeedThrottle()))

    init(of name: String, to gateway: RunningGateway, _ log: Log) {
        self.name = name
        updates = gateway.updates
        source = gateway.sources.add(name)
        self.log = log
    }

    // MARK: Updates

    /// Publishes all of the batch that is not refused, and empties it.
    func publish(_ batch: inout UpdateBatch) {
        defer { batch.removeAll() }
        guard let refusal = refusal(of: batch) else { return }
        let refusedCount =
            switch refusal {
            // What is one topic too many takes nothing from the others.
            case .tooManyTopics: publishOneByOne(batch)
            // No feed has keys or conditions.
            case .unavailable, .restoring, .conflict, .keyReused: batch.count
            }
        guard refusedCount > 0 else { return }
        source.count(skipped: refusedCount)
        if throttles.withLock({ $0.refused.admits(at: .now()) }) { tell(.feedRefused, "\(refusal)") }
    }

    /// Publishes a batch whole. Says why, where nothing of it was taken.
    private func refusal(of batch: borrowing UpdateBatch) -> PublishFailure? {
        do {
            // What is not decided yet will be taken: whoever can't be asked again need not wait to hear it.
            _ = try updates.publish(batch, time: .now(), at: .now(), for: nil)
            source.count(published: batch.count)
            return nil
        } catch {
            return error
        }
    }

    /// Returns how many updates were refused.
    private func publishOneByOne(_ batch: borrowing UpdateBatch) -> Int {
        var refusedCount = 0
        var single = UpdateBatch()
        for index in 0..<batch.count {
            single.append(update: index, of: batch)
            if refusal(of: single) != nil { refusedCount += 1 }
            single.removeAll()
        }
        return refusedCount
    }

    // MARK: News

    func tell(_ report: FeedReport) {
        switch report {
        case .skipped(let records):
            source.count(skipped: records.count)
            if throttles.withLock({ $0.skipped.admits(at: .now()) }) { tell(.feedSkipped, records.example) }
        case .failed(let failure, let delay):
            log.tell(
                .feedFailed,
                [
                    "feed": .text(name), "reason": .text("\(failure)"),
                    "afterSeconds": .number(delay.inSeconds),
                ])
        case .ended(let failure): tell(.feedEnded, failure.map { "\($0)" } ?? "it is over")
        }
    }

    private func tell(_ event: Log.Event, _ reason: String) {
        log.tell(
            event,
            ["feed": .text(name), "reason": .text(reason), "skipped": .integer(source.skippedCount)])
    }
}
