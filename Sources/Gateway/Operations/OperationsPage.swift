/// Health for load balancers, metrics for Prometheus.
internal import HTTP
internal import Primitives
internal import Synchronization

enum OperationsPage {
    static func answer(_ path: [UInt8], _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop) {
        switch String(decoding: path, as: UTF8.self) {
        case "/healthz": plain(200, "ok\n", http, connection, loop)
        case "/readyz":
            if loop.shared.isServing {
                plain(200, "ready\n", http, connection, loop)
            } else if loop.shared.isDrainingNow {
                http.answer(Problem(503, "draining", "The gateway is shutting down."), connection, loop)
            } else {
                http.answer(Problem(503, "overloaded", "The gateway is starting."), connection, loop)
            }
        default:
            let page = metrics(loop.shared)
            http.answer(200, "text/plain; version=0.0.4; charset=utf-8", body: page.bytes, connection, loop) {
                $0.append(field: "Cache-Control", "no-store")
            }
        }
    }

    private static func plain(
        _ status: Int, _ text: String, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) {
        http.answer(status, "text/plain; charset=utf-8", body: Array(text.utf8).span, connection, loop) {
            $0.append(field: "Cache-Control", "no-store")
        }
    }

    // MARK: Prometheus

    private static func metrics(_ shared: GatewayShared) -> ByteBuffer {
        var page = ByteBuffer(capacity: 4096)
        page.begin(metric: "tidegate_build_info", "gauge", "The gateway's version.")
        page.append("tidegate_build_info{version=\"")
        page.append(ProductVersion.text)
        page.append("\"} 1\n")
        page.begin(metric: "tidegate_connections", "gauge", "Open connections by what they speak at present.")
        let all = shared.total { $0.connections.now }
        let kinds = [
            ("websocket", shared.total { $0.webSockets.now }), ("sse", shared.total { $0.eventStreams.now }),
            ("poll", shared.total { $0.polls.now }),
        ]
        for (kind, count) in kinds { page.append("tidegate_connections{transport=\"\(kind)\"} \(count)\n") }
        let rest = all - kinds.reduce(0) { $0 + $1.1 }
        page.append("tidegate_connections{transport=\"http\"} \(max(rest, 0))\n")
        page.begin(metric: "tidegate_connections_closed_total", "counter", "Ended connections by reason.")
        for reason in EndReason.allCases {
            let count = shared.total { $0.endings[reason]?.value.now ?? 0 }
            page.append("tidegate_connections_closed_total{reason=\"\(reason.rawValue)\"} \(count)\n")
        }
        page.begin(
            metric: "tidegate_refusals_total", "counter", "Refused requests and messages by error code.")
        for code in Problem.codes {
            let count = shared.total { $0.refusals[code]?.value.now ?? 0 }
            page.append("tidegate_refusals_total{code=\"\(code)\"} \(count)\n")
        }
        for (name, help, figure) in counters { page.append(counter: name, help, shared.total(figure)) }
        page.append(
            gauge: "tidegate_topics", "Topics that hold a value.",
            shared.loops.withLock { $0.first }?.statistics.topics.now ?? 0)
        page.append(
            gauge: "tidegate_subscriptions", "Topics covered, summed over subscribers.",
            shared.total { $0.slots.now })
        page.append(
            gauge: "tidegate_file_descriptors_limit", "Descriptors the process may have.",
            shared.descriptorLimit)
        page.append(
            gauge: "tidegate_start_time_seconds", "When the gateway started, Unix time.",
            Int(shared.startedAt.milliseconds / 1000))
        return page
    }

    private static let counters: [(StaticString, StaticString, @Sendable (LoopStatistics) -> Int)] = [
        ("tidegate_connections_opened_total", "Accepted connections.", { $0.opened.now }),
        (
            "tidegate_connections_refused_total", "Connections turned away for want of descriptors.",
            { $0.turnedAway.now }
        ),
        ("tidegate_requests_total", "HTTP requests.", { $0.requests.now }),
        (
            "tidegate_updates_published_total", "Updates accepted over HTTP and WebSocket.",
            { $0.published.now }
        ),
        ("tidegate_updates_delivered_total", "Updates handed to subscribers.", { $0.delivered.now }),
        (
            "tidegate_updates_conflated_total", "Updates that newer ones replaced before they were sent.",
            { $0.conflated.now }
        ),
        ("tidegate_sends_total", "Writes to sockets.", { $0.flushes.now }),
        ("tidegate_sent_bytes_total", "Bytes the kernel took.", { $0.sentBytes.now }),
        ("tidegate_received_bytes_total", "Bytes read.", { $0.receivedBytes.now }),
        ("tidegate_resumes_total", "Cursors honoured.", { $0.resumed.now }),
        ("tidegate_resets_total", "Cursors that could not be honoured.", { $0.reset.now }),
        ("tidegate_gaps_total", "Gaps told to readers of logs.", { $0.gaps.now }),
        (
            "tidegate_messages_compressed_total", "WebSocket messages sent compressed.",
            { $0.compressedMessages.now }
        ),
        (
            "tidegate_compressions_total", "Messages compressed; one may serve many readers.",
            { $0.compressions.now }
        ),
        (
            "tidegate_compressions_skipped_total", "Messages left as they are under load.",
            { $0.compressionsSkipped.now }
        ),
        ("tidegate_compression_saved_bytes_total", "Bytes that were not sent.", { $0.savedBytes.now }),
        ("tidegate_turns_total", "Turns of the loops.", { $0.turns.now }),
    ]
}

extension ByteBuffer {
    fileprivate mutating func begin(metric name: StaticString, _ type: StaticString, _ help: StaticString) {
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

    fileprivate mutating func append(counter name: StaticString, _ help: StaticString, _ value: Int) {
        begin(metric: name, "counter", help)
        append("\(name) \(value)\n")
    }

    fileprivate mutating func append(gauge name: StaticString, _ help: StaticString, _ value: Int) {
        begin(metric: name, "gauge", help)
        append("\(name) \(value)\n")
    }
}
