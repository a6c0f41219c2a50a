/// All figures, over all loops, at one moment, for `/metrics`, `/stats` and the feed of figures.
internal import Access
package import Broker
internal import Logging
package import Primitives
internal import Synchronization
internal import Transport

/// Each is read as it stands: figures of one moment may differ by what happened between two reads. Only the number of topics
/// takes the sequencer's lock, and that of dropped lines the log's, for a moment.
package struct GatewayFigures: Sendable {
    package let process = ProcessFigures.now()
    package let startedAt: UnixTime
    package let descriptorLimit: Int
    private var counts = [Int](repeating: 0, count: Figure.allCases.count)
    private var readings = [Histogram.Reading](
        repeating: Histogram.Reading(), count: Distribution.allCases.count)
    /// What feeds have published, those that are gone too.
    package let updatesOfSources: Int
    /// Of what is kept; nil where nothing is.
    let log: LogFigures?
    /// The cluster; nil where there is none.
    package let fleet: Fleet?
    /// Since when this node has lost the cluster's log.
    let awaySince: Instant?
    let certificates: [CertificateStatus.Known]
    private var tallies: [Tally: [(key: String, count: Int)]] = [:]

    init(_ shared: GatewayShared) {
        startedAt = shared.startedAt
        log = shared.updates.figures
        fleet = shared.updates.fleet
        awaySince = shared.updates.awaySince
        certificates = shared.certificates.known.withLock { $0 }
        descriptorLimit = shared.descriptorLimit
        updatesOfSources = shared.sources.publishedCount
        var connections = 0
        for loop in shared.loops.map(\.statistics) {
            connections += loop.connections.now
            for figure in Figure.allCases { counts[figure.rawValue] += loop[figure] }
            for distribution in Distribution.allCases {
                readings[distribution.rawValue] = self[distribution] + loop[distribution].reading
            }
        }
        let readers = self[.webSockets] + self[.eventStreams] + self[.polls]
        counts[Figure.http.rawValue] = max(connections - readers, 0)
        counts[Figure.topics.rawValue] = shared.sequencer.topicCount
        counts[Figure.droppedLogLines.rawValue] = shared.log.droppedLineCount
        tallies[.closed] = EndReason.allCases.map { reason in
            (reason.rawValue, shared.sum { $0.endings[reason] })
        }
        tallies[.credentials] = CredentialFailure.allCases.map { failure in
            (failure.reason, shared.sum { $0.credentialFailures[failure.reason] })
        }
        counts[Figure.certificatesTaken.rawValue] = shared.certificates.takenCount.now
        counts[Figure.certificatesRefused.rawValue] = shared.certificates.refusedCount.now
        counts[Figure.reloadsTaken.rawValue] = shared.reloads.takenCount.now
        counts[Figure.reloadsRefused.rawValue] = shared.reloads.refusedCount.now
        counts[Figure.keySetsFetched.rawValue] = shared.keySets.fetchedCount.now
        counts[Figure.keySetsFailed.rawValue] = shared.keySets.failedCount.now
        counts[Figure.backendAsked.rawValue] = shared.backend.askedCount.now
        counts[Figure.backendRemembered.rawValue] = shared.backend.rememberedCount.now
        counts[Figure.backendRefused.rawValue] = shared.backend.refusedCount.now
        counts[Figure.backendFailed.rawValue] = shared.backend.failedCount.now
        tallies[.handshakeFailures] = HandshakeFailure.Reason.allCases.map { reason in
            (reason.rawValue, shared.sum { $0.handshakeFailures[reason] })
        }
        tallies[.refusals] = Problem.codes.map { code in (code, shared.sum { $0.refusals[code] }) }
        let sources = shared.sources.present
        tallies[.feeds] = sources.map { ($0.name, $0.published.now) }
        tallies[.skipped] = sources.map { ($0.name, $0.skippedCount) }
    }

    package subscript(figure: Figure) -> Int { counts[figure.rawValue] }

    package subscript(distribution: Distribution) -> Histogram.Reading { readings[distribution.rawValue] }

    package subscript(tally: Tally) -> [(key: String, count: Int)] { tallies[tally] ?? [] }

    /// Open connections, whatever they speak.
    package var connections: Int {
        self[.webSockets] + self[.eventStreams] + self[.polls] + self[.http]
    }
}

extension GatewayShared {
    fileprivate func sum(_ counter: (LoopStatistics) -> LoopStatistics.Counter?) -> Int {
        loops.reduce(0) { $0 + (counter($1.statistics)?.value.now ?? 0) }
    }
}
