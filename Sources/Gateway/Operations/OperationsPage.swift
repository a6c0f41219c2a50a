/// What operators ask: is it alive, is it ready, what does it count, who is connected.
internal import HTTP
internal import Primitives

enum OperationsPage {
    static func answer(
        _ path: [UInt8], _ head: RequestHead, _ http: HTTPFrontEnd, _ connection: Connection,
        _ loop: GatewayLoop
    ) throws(Problem) {
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
        case "/metrics":
            try demandMetrics(loop)
            let page = MetricsPage.text(GatewayFigures(loop.shared))
            http.answer(200, "text/plain; version=0.0.4; charset=utf-8", body: page.bytes, connection, loop) {
                $0.append(field: "Cache-Control", "no-store")
            }
        case "/stats":
            try demandMetrics(loop)
            http.answerJSON(StatsPage.text(GatewayFigures(loop.shared), at: loop.time), connection, loop)
        default:
            try demandMetrics(loop)
            guard loop.shared.listsConnections else {
                throw Problem(
                    403, "forbidden", "Connections are not listed here; see \"operations.connections\".")
            }
            try ConnectionsPage.open(head, http, connection, loop)
        }
    }

    private static func demandMetrics(_ loop: GatewayLoop) throws(Problem) {
        guard loop.configuration.operations.metrics else {
            throw Problem(403, "forbidden", "This gateway shows no figures; see \"operations.metrics\".")
        }
    }

    private static func plain(
        _ status: Int, _ text: String, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) {
        http.answer(status, "text/plain; charset=utf-8", body: Array(text.utf8).span, connection, loop) {
            $0.append(field: "Cache-Control", "no-store")
        }
    }
}
