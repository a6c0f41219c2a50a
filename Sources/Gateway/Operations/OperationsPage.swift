/// The pages for operators: alive, ready, the figures, the settings.
internal import Broker
internal import HTTP
internal import Primitives

enum OperationsPage {
    /// A node that has lost its log for a moment is better than one fewer: for so long it counts as ready.
    private static let awayPatience = Duration.seconds(10)

    static func answer(
        _ path: [UInt8], _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        switch String(decoding: path, as: UTF8.self) {
        case "/healthz": plain(200, "ok\n", &response, connection, work)
        case "/readyz":
            // Whoever shares a log serves readers though it takes nothing.
            if !work.shared.updates.isShared, let refusal = work.shared.updates.refusal {
                response.refuse(Problem(refusal), connection, work)
            } else if work.shared.isRestoring {
                response.refuse(work.restoring, connection, work)
            } else if let since = work.awaySince, work.now.since(since) >= awayPatience {
                response.refuse(.away(seconds: Int(work.now.since(since).inSeconds)), connection, work)
            } else if work.shared.isServing {
                plain(200, "ready\n", &response, connection, work)
            } else if work.shared.drain.isOrdered {
                response.refuse(Problem(503, "draining", "The gateway is shutting down."), connection, work)
            } else {
                response.refuse(Problem(503, "overloaded", "The gateway is starting."), connection, work)
            }
        case "/metrics":
            try demandMetrics(connection, work)
            let page = MetricsPage.text(GatewayFigures(work.shared))
            response.answer(
                200, "text/plain; version=0.0.4; charset=utf-8", page.bytes, connection, work
            ) {
                $0.add("Cache-Control", "no-store")
            }
        case "/operations/settings":
            try work.demandOperating(by: connection.principal)
            response.answerJSON(work.shared.reloads.settings.span, connection, work)
        default:
            try demandMetrics(connection, work)
            response.answerJSON(StatsPage.text(GatewayFigures(work.shared), at: work.time), connection, work)
        }
    }

    static func demandMetrics(_ connection: Connection, _ work: Workspace) throws(Problem) {
        try work.demandOperating(by: connection.principal)
        guard work.configuration.operations.metrics else {
            throw Problem(403, "forbidden", "This gateway shows no figures; see \"operations.metrics\".")
        }
    }

    private static func plain(
        _ status: Int, _ text: String, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) {
        response.answer(status, "text/plain; charset=utf-8", Array(text.utf8).span, connection, work) {
            $0.add("Cache-Control", "no-store")
        }
    }
}

extension Problem {
    fileprivate static func away(seconds: Int) -> Problem {
        Problem(
            503, "overloaded",
            "The gateway has been without the stream of updates for \(seconds) s: what it shows may be behind."
        )
    }
}
