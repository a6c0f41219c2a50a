/// The figures as one JSON object, for people and dashboards.
internal import Primitives

enum StatsPage {
    private enum Value {
        case count(Int)
        case number(Double)
        case text(String)
        case object([(name: String, value: Value)])
    }

    /// What `/stats` says. Times are seconds, quantiles those since the start; what was never measured is left out.
    static func text(_ figures: GatewayFigures, at time: UnixTime) -> ByteBuffer {
        var page = ByteBuffer(capacity: 4096)
        append(value(figures, time), to: &page)
        page.append(ASCII.lineFeed)
        return page
    }

    private static func value(_ figures: GatewayFigures, _ time: UnixTime) -> Value {
        let uptime = time.milliseconds - min(figures.startedAt.milliseconds, time.milliseconds)
        return .object([
            ("version", .text(ProductVersion.text)),
            ("uptime", .number(Double(uptime) / 1000)),
            ("connections", connections(figures)),
            ("topics", .count(figures.topics)),
            ("subscriptions", .count(figures.subscriptions)),
            (
                "updates",
                .object([
                    ("published", .count(figures.published)), ("delivered", .count(figures.delivered)),
                    ("conflated", .count(figures.conflated)),
                ])
            ),
            ("feeds", .object(figures.feeds.map { ($0.name, .count($0.published)) })),
            ("requests", .count(figures.requests)),
            ("refusals", tally(Problem.codes.map { ($0, figures.refusals[$0] ?? 0) })),
            ("resumes", .object([("honoured", .count(figures.resumed)), ("reset", .count(figures.reset))])),
            ("gaps", .count(figures.gaps)),
            (
                "bytes",
                .object([("sent", .count(figures.sentBytes)), ("received", .count(figures.receivedBytes))])
            ),
            ("sends", .count(figures.sends)),
            ("compression", compression(figures)),
            ("publishToSend", quantiles(figures.wait, in: 1e6)),
            ("deliveredAge", quantiles(figures.age, in: 1e6)),
            ("turn", quantiles(figures.turns, in: 1e6)),
            ("batchUpdates", quantiles(figures.batches, in: 1)),
            ("snapshotUpdates", quantiles(figures.snapshots, in: 1)),
            ("process", process(figures)),
        ])
    }

    private static func connections(_ figures: GatewayFigures) -> Value {
        .object([
            ("open", .count(figures.connections)), ("websocket", .count(figures.webSockets)),
            ("sse", .count(figures.eventStreams)), ("poll", .count(figures.polls)),
            ("http", .count(figures.http)), ("stopped", .count(figures.stopped)),
            ("opened", .count(figures.opened)), ("refused", .count(figures.turnedAway)),
            ("closed", tally(EndReason.allCases.map { ($0.rawValue, figures.closed[$0] ?? 0) })),
        ])
    }

    private static func compression(_ figures: GatewayFigures) -> Value {
        .object([
            ("messages", .count(figures.compressedMessages)), ("compressions", .count(figures.compressions)),
            ("skipped", .count(figures.compressionsSkipped)), ("savedBytes", .count(figures.savedBytes)),
        ])
    }

    private static func process(_ figures: GatewayFigures) -> Value {
        .object([
            ("processorSeconds", .number(figures.process.processorSeconds)),
            ("residentBytes", .count(figures.process.residentBytes)),
            ("openDescriptors", .count(figures.process.openDescriptors)),
            ("descriptorLimit", .count(figures.descriptorLimit)),
        ])
    }

    /// What did not happen is not mentioned.
    private static func tally(_ counts: [(String, Int)]) -> Value {
        .object(counts.filter { $0.1 > 0 }.map { ($0.0, .count($0.1)) })
    }

    /// Of values that are counted in so many `parts` of what is shown: microseconds of a second; no number has more digits
    /// than were counted.
    private static func quantiles(_ reading: Histogram.Reading, in parts: Double) -> Value {
        let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)]
        return .object(
            [("count", .count(reading.count))]
                + shares.compactMap { name, share in
                    reading.quantile(share).map { (name, .number($0.rounded(.up) / parts)) }
                })
    }

    private static func append(_ value: Value, to page: inout ByteBuffer) {
        switch value {
        case .count(let count): page.append(String(count))
        case .number(let number): page.append(jsonNumber: number)
        case .text(let text): page.append(jsonString: text)
        case .object(let members):
            page.append(ASCII.openBrace)
            for (place, member) in members.enumerated() {
                if place > 0 { page.append(ASCII.comma) }
                page.append(jsonString: member.name)
                page.append(ASCII.colon)
                append(member.value, to: &page)
            }
            page.append(ASCII.closeBrace)
        }
    }
}
