/// The figures as one JSON object, for people and dashboards.
internal import Broker
internal import Primitives

enum StatsPage {
    private indirect enum Value {
        case count(Int)
        case number(Double)
        case text(String)
        case truth(Bool)
        case object([(name: String, value: Value)])

        /// Puts `value` where `place` says, behind what is there.
        mutating func put(_ value: Value, at place: ArraySlice<String>) {
            guard let name = place.first, case .object(var members) = self else {
                self = value
                return
            }
            let at = members.firstIndex { $0.name == name } ?? members.count
            if at == members.count { members.append((name, .object([]))) }
            members[at].value.put(value, at: place.dropFirst())
            self = .object(members)
        }
    }

    /// The content of `/stats`. Times are seconds, quantiles those since the start; a figure that was never measured is left out.
    static func text(_ figures: GatewayFigures, at time: UnixTime) -> ByteBuffer {
        var page = ByteBuffer(capacity: 4096)
        append(value(figures, time), to: &page)
        page.append(ASCII.lineFeed)
        return page
    }

    private static func value(_ figures: GatewayFigures, _ time: UnixTime) -> Value {
        var value = Value.object([])
        func put(_ member: Value, _ place: String...) { value.put(member, at: place[...]) }
        let uptime = time.milliseconds - min(figures.startedAt.milliseconds, time.milliseconds)
        put(.text(ProductVersion.text), "version")
        put(.number(Double(uptime) / 1000), "uptime")
        put(.count(figures.connections), "connections", "open")
        for figure in Figure.allCases {
            value.put(.count(figures[figure]), at: figure.description.place[...])
        }
        for tally in Tally.allCases {
            // A count of zero is left out, except for feeds: those are there all the same.
            let counts = figures[tally].filter { $0.count > 0 || tally == .feeds }
            value.put(
                .object(counts.map { ($0.key, .count($0.count)) }), at: tally.description.place[...])
        }
        for distribution in Distribution.allCases {
            let description = distribution.description
            put(quantiles(figures[distribution], in: description.parts), description.place)
        }
        if let log = figures.log {
            for figure in JournalFigure.allCases {
                guard let number = figure.value(in: log, at: .now()) else { continue }
                value.put(.number(number), at: ["journal", figure.rawValue][...])
            }
            put(quantiles(log.syncs, in: JournalFigure.syncs.parts), "journal", JournalFigure.syncs.place)
        }
        if let fleet = figures.fleet { put(cluster(fleet, figures.awaySince, .now()), "cluster") }
        put(.number(figures.process.processorSeconds), "process", "processorSeconds")
        put(.count(figures.process.residentBytes), "process", "residentBytes")
        put(.count(figures.process.openDescriptors), "process", "openDescriptors")
        put(.count(figures.descriptorLimit), "process", "descriptorLimit")
        return value
    }

    private static func cluster(_ fleet: Fleet, _ away: Instant?, _ now: Instant) -> Value {
        .object(
            [("node", .text(fleet.own.name)), ("epoch", .text(fleet.own.epoch))]
                + ClusterFigure.allCases.map {
                    ($0.rawValue, .number($0.value(in: fleet, away: away, at: now)))
                }
                + [
                    ("nodes", .object(fleet.words.map { ($0.node.name, node($0, now)) })),
                    ("feeds", .object(fleet.leases.map { ($0.feed, lease($0, now)) })),
                ])
    }

    private static func node(_ word: Fleet.Word, _ now: Instant) -> Value {
        .object([
            ("address", .text(word.node.address)), ("version", .text(word.node.version)),
            ("epoch", .text(word.node.epoch)), ("position", .count(Int(clamping: word.node.position))),
            ("lag", .count(Int(clamping: word.node.lag))), ("connections", .count(word.node.connections)),
            ("age", .number((now.since(word.instant).inSeconds * 1000).rounded() / 1000)),
            ("away", .truth(word.isAway(at: now))),
        ])
    }

    /// Of a feed that runs on one node at a time.
    private static func lease(_ lease: Fleet.Lease, _ now: Instant) -> Value {
        .object([("here", .truth(lease.isHere(at: now)))] + (lease.node.map { [("node", .text($0))] } ?? []))
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
        case .truth(let isTrue): page.append(isTrue ? "true" : "false")
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
