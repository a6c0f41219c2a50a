/// The figures as Prometheus reads them (text exposition format 0.0.4): base units, few labels.
internal import Primitives

enum MetricsPage {
    /// What `/metrics` says.
    static func text(_ figures: GatewayFigures) -> ByteBuffer {
        var page = ByteBuffer(capacity: 32 * 1024)
        page.begin("tidegate_build_info", "gauge", "The gateway's version.")
        page.append("tidegate_build_info{version=\"" + ProductVersion.text + "\"} 1\n")
        appendConnections(figures, to: &page)
        for row in counters { page.append("counter", row.name, row.help, row.value(figures)) }
        for row in gauges { page.append("gauge", row.name, row.help, row.value(figures)) }
        page.append(
            "tidegate_resumes_total", "counter", "Presented cursors by what became of them.", by: "result",
            [("honoured", figures.resumed), ("reset", figures.reset)])
        page.append(
            "tidegate_refusals_total", "counter", "Refused requests and messages by error code.", by: "code",
            Problem.codes.map { ($0, figures.refusals[$0] ?? 0) })
        page.append(
            "tidegate_feed_updates_total", "counter", "Updates accepted from feeds.", by: "feed",
            figures.feeds)
        for row in durations { page.append(row.name, row.help, row.value(figures), in: 1e6) }
        for row in sizes { page.append(row.name, row.help, row.value(figures), in: 1) }
        page.begin("process_cpu_seconds_total", "counter", "Seconds on processors.")
        page.append("process_cpu_seconds_total \(figures.process.processorSeconds)\n")
        return page
    }

    private static func appendConnections(_ figures: GatewayFigures, to page: inout ByteBuffer) {
        page.append(
            "tidegate_connections", "gauge", "Open connections by what they speak at present.",
            by: "transport",
            [
                ("websocket", figures.webSockets), ("sse", figures.eventStreams), ("poll", figures.polls),
                ("http", figures.http),
            ])
        page.append(
            "tidegate_connections_closed_total", "counter", "Ended connections by reason.", by: "reason",
            EndReason.allCases.map { ($0.rawValue, figures.closed[$0] ?? 0) })
    }

    private struct Row<Value>: Sendable {
        let name: StaticString
        let help: StaticString
        let value: @Sendable (GatewayFigures) -> Value

        init(
            _ name: StaticString, _ help: StaticString, _ value: @escaping @Sendable (GatewayFigures) -> Value
        ) {
            self.name = name
            self.help = help
            self.value = value
        }
    }

    private static let counters: [Row<Int>] = [
        Row("tidegate_connections_opened_total", "Accepted connections.") { $0.opened },
        Row("tidegate_connections_refused_total", "Connections turned away: no descriptor, or the limit.") {
            $0.turnedAway
        },
        Row("tidegate_requests_total", "HTTP requests.") { $0.requests },
        Row("tidegate_updates_published_total", "Updates accepted over HTTP and WebSocket.") { $0.published },
        Row("tidegate_updates_delivered_total", "Updates handed to subscribers.") { $0.delivered },
        Row("tidegate_updates_conflated_total", "Updates that newer ones replaced before they were sent.") {
            $0.conflated
        },
        Row("tidegate_sends_total", "Writes to sockets.") { $0.sends },
        Row("tidegate_sent_bytes_total", "Bytes the kernel took.") { $0.sentBytes },
        Row("tidegate_received_bytes_total", "Bytes read.") { $0.receivedBytes },
        Row("tidegate_gaps_total", "Gaps told to readers of logs.") { $0.gaps },
        Row("tidegate_messages_compressed_total", "WebSocket messages sent compressed.") {
            $0.compressedMessages
        },
        Row("tidegate_compressions_total", "Messages compressed; one may serve many readers.") {
            $0.compressions
        },
        Row("tidegate_compressions_skipped_total", "Messages left as they are under load.") {
            $0.compressionsSkipped
        },
        Row("tidegate_compression_saved_bytes_total", "Bytes that were not sent.") { $0.savedBytes },
    ]

    private static let gauges: [Row<Int>] = [
        Row("tidegate_connections_stopped", "Connections that take nothing at present.") { $0.stopped },
        Row("tidegate_topics", "Topics that hold a value.") { $0.topics },
        Row("tidegate_subscriptions", "Topics covered, summed over subscribers.") { $0.subscriptions },
        Row("process_resident_memory_bytes", "Resident memory.") { $0.process.residentBytes },
        Row("process_open_fds", "Open descriptors.") { $0.process.openDescriptors },
        Row("process_max_fds", "Descriptors the process may have.") { $0.descriptorLimit },
        Row("process_start_time_seconds", "When the gateway started, Unix time.") {
            Int($0.startedAt.milliseconds / 1000)
        },
    ]

    private static let durations: [Row<Histogram.Reading>] = [
        Row("tidegate_turn_seconds", "Work of a loop's turn, without its wait.") { $0.turns },
        Row("tidegate_publish_to_send_seconds", "From a change's acceptance to the send that tells a reader.")
        {
            $0.wait
        },
        Row("tidegate_delivered_age_seconds", "Age of live values when they are sent.") { $0.age },
    ]

    private static let sizes: [Row<Histogram.Reading>] = [
        Row("tidegate_batch_updates", "Updates of a drain.") { $0.batches },
        Row("tidegate_snapshot_updates", "Topics that a subscription begins with.") { $0.snapshots },
    ]
}

extension ByteBuffer {
    fileprivate mutating func begin(_ name: StaticString, _ type: StaticString, _ help: StaticString) {
        append("# HELP ")
        append(name)
        append(ASCII.space)
        append(help)
        append("\n# TYPE ")
        append(name)
        append(ASCII.space)
        append(type)
        append(ASCII.lineFeed)
    }

    fileprivate mutating func append(
        _ type: StaticString, _ name: StaticString, _ help: StaticString, _ value: Int
    ) {
        begin(name, type, help)
        append("\(name) \(value)\n")
    }

    /// One metric with a value for each of a label's.
    fileprivate mutating func append(
        _ name: StaticString, _ type: StaticString, _ help: StaticString, by label: StaticString,
        _ values: [(String, Int)]
    ) {
        guard !values.isEmpty else { return }
        begin(name, type, help)
        for (value, count) in values {
            append("\(name){\(label)=")
            append(jsonString: value)
            append("} \(count)\n")
        }
    }

    /// A histogram, `parts` of whose values are one of the metric's unit. Buckets add up (`le`: at most).
    fileprivate mutating func append(
        _ name: StaticString, _ help: StaticString, _ reading: Histogram.Reading, in parts: Double
    ) {
        begin(name, "histogram", help)
        var sum = 0
        for bucket in 0..<Histogram.boundCount {
            sum += reading.counts[bucket]
            let bound = Double(Histogram.Reading.bound(of: bucket)) / parts
            append("\(name)_bucket{le=\"\(bound)\"} \(sum)\n")
        }
        append("\(name)_bucket{le=\"+Inf\"} \(reading.count)\n")
        append("\(name)_sum \(Double(reading.sum) / parts)\n\(name)_count \(reading.count)\n")
    }
}
