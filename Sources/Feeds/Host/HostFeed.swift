/// The metrics of the machine that the gateway runs on: processors, memory, disks, network.
package import Broker
package import Primitives
package import Settings

package final class HostFeed: FeedKind {
    package static let kindName = "host"

    private let interval: Duration
    private let metrics: Set<HostMetric>
    private var report: HostReport
    private var files = HostFiles()
    /// The latest reading: rates are differences from it.
    private var latest: HostReading?
    /// When the first reading was taken. Later ones come at whole intervals from it.
    private var origin: Instant?

    /// Rates need two readings. The second comes early, so that a dashboard soon has values. At 100 clock ticks a
    /// second, a quarter of a second gives processor time to 4 %.
    private static let firstInterval = Duration.milliseconds(250)

    package init(
        origin: FeedOrigin, settings: inout SettingsSection
    ) throws(SettingsFailure) {
        interval = try settings.duration(
            "interval", default: .seconds(1), in: .milliseconds(100) ... .seconds(3600))
        let prefix = try settings.topicPrefix("prefix", default: origin.name)
        let names = try settings.texts("metrics", default: HostMetric.allCases.map(\.rawValue))
        var metrics: Set<HostMetric> = []
        for name in names {
            guard let metric = HostMetric(rawValue: name) else {
                let known = HostMetric.allCases.map(\.rawValue).joined(separator: ", ")
                throw settings.refusal(
                    of: "metrics", because: "there is no metric \"\(name)\"; known are \(known)")
            }
            metrics.insert(metric)
        }
        self.metrics = metrics
        report = HostReport(prefix: prefix, metrics: metrics)
    }

    package func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant? {
        let reading = HostReading(moment: now, metrics: metrics, from: &files)
        report.appendValues(of: reading, into: &batch)
        if let latest { report.appendRates(from: latest, to: reading, into: &batch) }
        latest = reading
        if batch.isEmpty, let origin, now.since(origin) >= interval {
            throw FeedFailure("nothing could be read from /proc", isPassing: true)
        }
        return next(after: now)
    }

    /// The next whole interval after the first reading; missed intervals are skipped.
    private func next(after now: Instant) -> Instant {
        guard let origin else {
            self.origin = now
            return now + min(Self.firstInterval, interval)
        }
        let passed = now.since(origin).nanoseconds / interval.nanoseconds
        return Instant(nanoseconds: origin.nanoseconds + (passed + 1) * interval.nanoseconds)
    }
}
