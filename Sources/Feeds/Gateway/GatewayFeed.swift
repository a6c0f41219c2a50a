/// Publishes the gateway's own figures as topics, so that a dashboard and a terminal can show them live.
package import Broker
package import Primitives
package import Settings

package final class GatewayFeed: FeedKind {
    package static let kindName = "gateway"

    /// The source of the figures; set it before the feed is first called.
    package var read: (@Sendable () -> GatewayReading)?
    private let interval: Duration
    private let prefix: String
    private var data = ByteBuffer()
    private var latest: (moment: Instant, reading: GatewayReading)?

    package init(origin: FeedOrigin, settings: inout SettingsSection) throws(SettingsFailure) {
        interval = try settings.duration(
            "interval", default: .seconds(1), in: .milliseconds(100) ... .seconds(3600))
        prefix = try settings.topicPrefix("prefix", default: origin.name)
    }

    package func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant? {
        guard let read else { throw FeedFailure("there is no gateway to ask", isPassing: false) }
        let reading = read()
        appendState(reading, into: &batch)
        if let latest {
            appendChange(from: latest.reading, to: reading, in: now.since(latest.moment), into: &batch)
        }
        latest = (now, reading)
        return now + interval
    }

    /// The present state.
    private func appendState(_ reading: GatewayReading, into batch: inout UpdateBatch) {
        let open = reading.webSockets + reading.eventStreams + reading.polls + reading.http
        data.append(field: "open", UInt64(open), isFirst: true)
        data.append(field: "websocket", UInt64(reading.webSockets))
        data.append(field: "sse", UInt64(reading.eventStreams))
        data.append(field: "poll", UInt64(reading.polls))
        data.append(field: "http", UInt64(reading.http))
        data.append(field: "stopped", UInt64(reading.stopped))
        finish("connections", into: &batch)
        data.append(field: "topics", UInt64(reading.topics), isFirst: true)
        data.append(field: "subscriptions", UInt64(reading.subscriptions))
        finish("topics", into: &batch)
        data.append(field: "residentBytes", UInt64(reading.residentBytes), isFirst: true)
        finish("memory", into: &batch)
        guard let cluster = reading.cluster else { return }
        data.append(field: "nodes", UInt64(cluster.nodes), isFirst: true)
        data.append(field: "away", UInt64(cluster.away))
        data.append(field: "lag", UInt64(cluster.lag))
        finish("cluster", into: &batch)
    }

    /// The changes between two readings.
    private func appendChange(
        from before: GatewayReading, to after: GatewayReading, in elapsed: Duration,
        into batch: inout UpdateBatch
    ) {
        let seconds = max(elapsed.inSeconds, 1e-3)
        func appendTotal(_ topic: String, _ total: KeyPath<GatewayReading, Int>) {
            data.append(field: "total", UInt64(after[keyPath: total]), isFirst: true)
            let change = after[keyPath: total] - before[keyPath: total]
            data.append(field: "perSecond", Double(change) / seconds)
            finish(topic, into: &batch)
        }
        appendTotal("published", \.published)
        appendTotal("delivered", \.delivered)
        appendTotal("conflated", \.conflated)
        data.append(
            field: "sentPerSecond", Double(after.sentBytes - before.sentBytes) / seconds, isFirst: true)
        data.append(field: "receivedPerSecond", Double(after.receivedBytes - before.receivedBytes) / seconds)
        finish("bytes", into: &batch)
        let percent = (after.processorSeconds - before.processorSeconds) / seconds * 100
        data.append(field: "percent", percent, isFirst: true)
        finish("cpu", into: &batch)
        append("latency", after.wait - before.wait, into: &batch)
        append("age", after.age - before.age, into: &batch)
    }

    /// Quantiles of the interval; nothing if the interval had no deliveries.
    private func append(_ topic: String, _ times: Histogram.Reading, into batch: inout UpdateBatch) {
        guard let median = times.quantile(0.5), let late = times.quantile(0.99) else { return }
        data.append(field: "p50Milliseconds", median / 1000, isFirst: true)
        data.append(field: "p99Milliseconds", late / 1000)
        finish(topic, into: &batch)
    }

    private func finish(_ topic: String, into batch: inout UpdateBatch) {
        batch.append(&data, as: "\(prefix)/\(topic)")
    }
}
