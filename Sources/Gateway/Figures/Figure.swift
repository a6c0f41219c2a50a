/// All that the gateway counts, each written down once: its name in `/metrics`, its place in `/stats`, what it says.

/// One number. Loops count it (`LoopStatistics`), `GatewayFigures` sums it over the loops, the pages show it.
package enum Figure: Int, Sendable, CaseIterable {
    // Open connections by what they speak at present; `http` counts those without a reader.
    case webSockets, eventStreams, polls, http
    case stopped, opened, turnedAway
    /// WebSockets and event streams: those of whoever comes to stay.
    case openedStreams
    // Connections and requests beyond what one address, and one principal, may have.
    case addressLimits, principalLimits
    // What came faster than a setting allows, by that setting.
    case pacedAccepts, hastyConnections, hastyRequests
    case hastyConnectionUpdates, hastyPrincipalUpdates, hastyUpdates
    /// WebSockets that have yet to say who they are.
    case unauthenticated
    case topics, subscriptions
    case published, delivered, conflated
    case requests
    case resumed, reset
    case gaps
    case sentBytes, receivedBytes, sends
    case compressedMessages, compressions, compressionsSkipped, savedBytes
    case droppedLogLines
    // Bytes held for clients, by what they are.
    case heldConnections, heldRequests, heldAnswers, heldSubscriptions
    case clientByteLimit
    case unpublishedTopics
    case fullHandshakes, resumedHandshakes, openHandshakes
    case certificatesTaken, certificatesRefused
    case reloadsTaken, reloadsRefused
    case keySetsFetched, keySetsFailed
    case backendAsked, backendRemembered, backendRefused, backendFailed

    enum Kind: String {
        /// Only ever rises.
        case counter
        case gauge
    }

    struct Description {
        let kind: Kind
        /// In `/metrics`; figures that are one metric with a label stand behind each other.
        let metric: String
        var label: (name: String, value: String)?
        /// In `/stats`: the members from the outermost in.
        let place: [String]
        let help: String

        init(
            _ kind: Kind, _ metric: String, _ place: String..., label: (String, String)? = nil, help: String
        ) {
            self.kind = kind
            self.metric = metric
            self.label = label.map { (name: $0.0, value: $0.1) }
            self.place = place
            self.help = help
        }
    }

    var description: Description {
        switch self {
        case .webSockets: Self.open("websocket")
        case .eventStreams: Self.open("sse")
        case .polls: Self.open("poll")
        case .http: Self.open("http")
        case .stopped:
            Description(
                .gauge, "tidegate_connections_stopped", "connections", "stopped",
                help: "Connections that take nothing at present.")
        case .unauthenticated:
            Description(
                .gauge, "tidegate_connections_unauthenticated", "connections", "unauthenticated",
                help: "WebSockets that have yet to say who they are.")
        case .opened:
            Description(
                .counter, "tidegate_connections_opened_total", "connections", "opened",
                help: "Accepted connections.")
        case .openedStreams:
            Description(
                .counter, "tidegate_streams_opened_total", "connections", "streams",
                help: "WebSockets and event streams that were opened.")
        case .turnedAway:
            Description(
                .counter, "tidegate_connections_refused_total", "connections", "refused",
                help: "Connections turned away: no descriptor, or the limit.")
        case .pacedAccepts: Self.hasty("access.newConnections", "newConnections")
        case .hastyConnections: Self.hasty("access.newConnectionsPerAddress", "newConnectionsPerAddress")
        case .hastyRequests: Self.hasty("access.requestsPerAddress", "requestsPerAddress")
        case .hastyConnectionUpdates: Self.hasty("publishers.updateRate", "updateRate")
        case .hastyPrincipalUpdates: Self.hasty("publishers.principalUpdateRate", "principalUpdateRate")
        case .hastyUpdates: Self.hasty("publishers.totalUpdateRate", "totalUpdateRate")
        case .addressLimits: Self.limited("address")
        case .principalLimits: Self.limited("principal")
        case .topics:
            Description(.gauge, "tidegate_topics", "topics", help: "Topics that hold a value.")
        case .subscriptions:
            Description(
                .gauge, "tidegate_subscriptions", "subscriptions",
                help: "Topics covered, summed over subscribers.")
        case .published:
            Description(
                .counter, "tidegate_updates_published_total", "updates", "published",
                help: "Updates accepted over HTTP and WebSocket.")
        case .delivered:
            Description(
                .counter, "tidegate_updates_delivered_total", "updates", "delivered",
                help: "Updates handed to subscribers.")
        case .conflated:
            Description(
                .counter, "tidegate_updates_conflated_total", "updates", "conflated",
                help: "Updates that newer ones replaced before they were sent.")
        case .requests:
            Description(.counter, "tidegate_requests_total", "requests", help: "HTTP requests.")
        case .resumed: Self.resume("honoured")
        case .reset: Self.resume("reset")
        case .gaps:
            Description(.counter, "tidegate_gaps_total", "gaps", help: "Gaps told to readers of logs.")
        case .sentBytes:
            Description(
                .counter, "tidegate_sent_bytes_total", "bytes", "sent", help: "Bytes the kernel took.")
        case .receivedBytes:
            Description(.counter, "tidegate_received_bytes_total", "bytes", "received", help: "Bytes read.")
        case .sends: Description(.counter, "tidegate_sends_total", "sends", help: "Writes to sockets.")
        case .compressedMessages:
            Description(
                .counter, "tidegate_messages_compressed_total", "compression", "messages",
                help: "WebSocket messages sent compressed.")
        case .compressions:
            Description(
                .counter, "tidegate_compressions_total", "compression", "compressions",
                help: "Messages compressed; one may serve many readers.")
        case .compressionsSkipped:
            Description(
                .counter, "tidegate_compressions_skipped_total", "compression", "skipped",
                help: "Messages left as they are under load.")
        case .savedBytes:
            Description(
                .counter, "tidegate_compression_saved_bytes_total", "compression", "savedBytes",
                help: "Bytes that were not sent.")
        case .heldConnections: Self.held("connections")
        case .heldRequests: Self.held("requests")
        case .heldAnswers: Self.held("answers")
        case .heldSubscriptions: Self.held("subscriptions")
        case .clientByteLimit:
            Description(
                .gauge, "tidegate_client_memory_limit_bytes", "memory", "limit",
                help: "Bytes that may be held for clients.")
        case .unpublishedTopics:
            Description(
                .gauge, "tidegate_topics_unpublished", "unpublishedTopics",
                help: "Topics that readers have named and nobody has published, summed over loops.")
        case .fullHandshakes: Self.handshakes("full")
        case .resumedHandshakes: Self.handshakes("resumed")
        case .openHandshakes:
            Description(
                .gauge, "tidegate_tls_handshakes_open", "tls", "open", help: "TLS handshakes under way.")
        case .certificatesTaken: Self.certificateReload("taken")
        case .certificatesRefused: Self.certificateReload("refused")
        case .reloadsTaken: Self.reload("taken")
        case .reloadsRefused: Self.reload("refused")
        case .keySetsFetched: Self.keySetFetch("taken")
        case .keySetsFailed: Self.keySetFetch("failed")
        case .backendAsked:
            Description(
                .counter, "tidegate_backend_requests_total", "backend", "requests",
                help: "Requests to the service that knows the users.")
        case .backendRemembered:
            Description(
                .counter, "tidegate_backend_remembered_total", "backend", "remembered",
                help: "Requests of clients that were answered by what it said before.")
        case .backendRefused:
            Description(
                .counter, "tidegate_backend_refusals_total", "backend", "refused",
                help: "Requests to which it said that it knows nobody like that, or lets them not in.")
        case .backendFailed:
            Description(
                .counter, "tidegate_backend_failures_total", "backend", "failed",
                help: "Requests to which it gave no answer that could be used, or none in time.")
        case .droppedLogLines:
            Description(
                .counter, "tidegate_log_lines_dropped_total", "log", "dropped",
                help: "Lines of the log that could not be written in time, or at all.")
        }
    }

    private static func open(_ transport: String) -> Description {
        Description(
            .gauge, "tidegate_connections", "connections", transport, label: ("transport", transport),
            help: "Open connections by what they speak at present.")
    }

    private static func limited(_ owner: String) -> Description {
        Description(
            .counter, "tidegate_connections_limited_total", "connections", "limited", owner,
            label: ("by", owner),
            help: "Connections refused because one address, or one principal, has as many as it may.")
    }

    private static func hasty(_ setting: String, _ member: String) -> Description {
        Description(
            .counter, "tidegate_rate_limited_total", "rateLimited", member, label: ("setting", setting),
            help:
                "What came faster than a setting allows: refused, or with access.newConnections left waiting."
        )
    }

    private static func held(_ kind: String) -> Description {
        Description(
            .gauge, "tidegate_client_memory_bytes", "memory", kind, label: ("kind", kind),
            help: "Bytes held for clients, by what they are; counted, not measured.")
    }

    private static func handshakes(_ kind: String) -> Description {
        Description(
            .counter, "tidegate_tls_handshakes_total", "tls", "handshakes", kind, label: ("kind", kind),
            help: "TLS handshakes that were completed: in full, or with a ticket of an earlier one.")
    }

    private static func reload(_ result: String) -> Description {
        Description(
            .counter, "tidegate_reloads_total", "reloads", result, label: ("result", result),
            help: "Settings read anew, by what became of them.")
    }

    private static func keySetFetch(_ result: String) -> Description {
        Description(
            .counter, "tidegate_key_set_fetches_total", "keySets", result, label: ("result", result),
            help: "Fetches of issuers' keys by what became of them.")
    }

    private static func certificateReload(_ result: String) -> Description {
        Description(
            .counter, "tidegate_certificate_reloads_total", "tls", "reloads", result,
            label: ("result", result),
            help: "Changes of certificate files by what became of them.")
    }

    private static func resume(_ result: String) -> Description {
        Description(
            .counter, "tidegate_resumes_total", "resumes", result, label: ("result", result),
            help: "Presented cursors by what became of them.")
    }
}

/// Counts by a key that is not known here: an error code, a feed's name. All only ever rise.
package enum Tally: Sendable, CaseIterable {
    case closed, feeds, skipped, refusals, credentials, handshakeFailures

    struct Description {
        let metric: String
        let label: String
        let place: [String]
        let help: String
    }

    var description: Description {
        switch self {
        case .closed:
            Description(
                metric: "tidegate_connections_closed_total", label: "reason",
                place: ["connections", "closed"], help: "Ended connections by reason.")
        case .feeds:
            Description(
                metric: "tidegate_feed_updates_total", label: "feed", place: ["feeds"],
                help: "Updates accepted from feeds.")
        case .skipped:
            Description(
                metric: "tidegate_feed_skipped_total", label: "feed", place: ["feedsSkipped"],
                help: "Records that feeds left out as faulty, and updates of feeds that were refused.")
        case .handshakeFailures:
            Description(
                metric: "tidegate_tls_handshake_failures_total", label: "reason",
                place: ["tls", "failures"], help: "TLS handshakes that came to nothing, by reason.")
        case .refusals:
            Description(
                metric: "tidegate_refusals_total", label: "code", place: ["refusals"],
                help: "Refused requests and messages by error code.")
        case .credentials:
            Description(
                metric: "tidegate_credentials_refused_total", label: "reason", place: ["credentialsRefused"],
                help: "Keys, tokens and tickets that were not believed, by reason.")
        }
    }
}

/// How often values of each size came up.
package enum Distribution: Int, Sendable, CaseIterable {
    /// Microseconds from a change's acceptance to the send that tells a reader.
    case wait
    /// Microseconds since the acceptance of a live value when it is sent.
    case age
    /// Microseconds of work in a turn, without the wait.
    case turns
    /// Updates of a drain.
    case batches
    /// Topics that a new subscription was to be sent at its beginning.
    case snapshots

    struct Description {
        let metric: String
        let place: String
        /// The metric's unit has so many of the unit that is counted.
        let parts: Double
        let help: String
    }

    var description: Description {
        switch self {
        case .wait:
            Description(
                metric: "tidegate_publish_to_send_seconds", place: "publishToSend", parts: 1e6,
                help: "From a change's acceptance to the send that tells a reader.")
        case .age:
            Description(
                metric: "tidegate_delivered_age_seconds", place: "deliveredAge", parts: 1e6,
                help: "Age of live values when they are sent.")
        case .turns:
            Description(
                metric: "tidegate_turn_seconds", place: "turn", parts: 1e6,
                help: "Work of a loop's turn, without its wait.")
        case .batches:
            Description(
                metric: "tidegate_batch_updates", place: "batchUpdates", parts: 1, help: "Updates of a drain."
            )
        case .snapshots:
            Description(
                metric: "tidegate_snapshot_updates", place: "snapshotUpdates", parts: 1,
                help: "Topics that a subscription begins with.")
        }
    }
}
