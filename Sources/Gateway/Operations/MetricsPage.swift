/// The figures as Prometheus reads them (text exposition format 0.0.4): base units, few labels.
internal import Broker
internal import Primitives

enum MetricsPage {
    /// The content of `/metrics`.
    static func text(_ figures: GatewayFigures) -> ByteBuffer {
        var page = ByteBuffer(capacity: 32 * 1024)
        page.begin("tidegate_build_info", "gauge", "The gateway's version.")
        page.append("tidegate_build_info{version=\"" + ProductVersion.text + "\"} 1\n")
        appendFigures(figures, to: &page)
        for tally in Tally.allCases where !figures[tally].isEmpty {
            let description = tally.description
            page.begin(description.metric, "counter", description.help)
            for (key, count) in figures[tally] {
                page.append(description.metric, label: (description.label, key), count)
            }
        }
        for distribution in Distribution.allCases {
            page.append(distribution.description, figures[distribution])
        }
        if !figures.certificates.isEmpty {
            let name = "tidegate_certificate_expiry_timestamp_seconds"
            page.begin(name, "gauge", "When a certificate ends, Unix time.")
            for known in figures.certificates {
                page.append(name, label: ("certificate", known.file), Int(known.end.milliseconds / 1000))
            }
        }
        if let log = figures.log { append(log, to: &page) }
        if let fleet = figures.fleet { append(fleet, figures.awaySince, to: &page) }
        appendProcess(figures, to: &page)
        return page
    }

    private static func appendFigures(_ figures: GatewayFigures, to page: inout ByteBuffer) {
        var last = ""
        for figure in Figure.allCases {
            let description = figure.description
            if description.metric != last {
                page.begin(description.metric, description.kind.rawValue, description.help)
            }
            last = description.metric
            page.append(description.metric, label: description.label, figures[figure])
        }
    }

    /// Figures that are not there, as of a snapshot without one, are left out.
    private static func append(_ log: LogFigures, to page: inout ByteBuffer) {
        for figure in JournalFigure.allCases {
            guard let value = figure.value(in: log, at: .now()) else { continue }
            page.begin(figure.metric, figure.kind.rawValue, figure.help)
            page.append("\(figure.metric) ")
            page.append(jsonNumber: value)
            page.append("\n")
        }
        page.append(JournalFigure.syncs, log.syncs)
    }

    private static func append(_ fleet: Fleet, _ away: Instant?, to page: inout ByteBuffer) {
        page.begin("tidegate_cluster_info", "gauge", "This node, and the epoch that it follows.")
        page.append("tidegate_cluster_info{node=")
        page.append(jsonString: fleet.own.name)
        page.append(",epoch=")
        page.append(jsonString: fleet.own.epoch)
        page.append("} 1\n")
        for figure in ClusterFigure.allCases {
            page.begin(figure.metric, figure.kind.rawValue, figure.help)
            page.append("\(figure.metric) ")
            page.append(jsonNumber: figure.value(in: fleet, away: away, at: .now()))
            page.append("\n")
        }
    }

    private static func appendProcess(_ figures: GatewayFigures, to page: inout ByteBuffer) {
        let process = figures.process
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory.", process.residentBytes),
            ("process_open_fds", "Open descriptors.", process.openDescriptors),
            ("process_max_fds", "Descriptors the process may have.", figures.descriptorLimit),
            (
                "process_start_time_seconds", "When the gateway started, Unix time.",
                Int(figures.startedAt.milliseconds / 1000)
            ),
        ] {
            page.begin(name, "gauge", help)
            page.append(name, label: nil, value)
        }
        page.begin("process_cpu_seconds_total", "counter", "Seconds on processors.")
        page.append("process_cpu_seconds_total \(process.processorSeconds)\n")
    }
}

extension ByteBuffer {
    fileprivate mutating func begin(_ name: String, _ type: String, _ help: String) {
        append("# HELP \(name) \(help)\n# TYPE \(name) \(type)\n")
    }

    fileprivate mutating func append(_ name: String, label: (name: String, value: String)?, _ value: Int) {
        guard let label else { return append("\(name) \(value)\n") }
        append("\(name){\(label.name)=")
        append(jsonString: label.value)
        append("} \(value)\n")
    }

    /// A histogram. Buckets add up (`le`: at most).
    fileprivate mutating func append(
        _ description: Distribution.Description, _ reading: Histogram.Reading
    ) {
        let name = description.metric
        begin(name, "histogram", description.help)
        var sum = 0
        for bucket in 0..<Histogram.boundCount {
            sum += reading.counts[bucket]
            let bound = Double(Histogram.Reading.bound(of: bucket)) / description.parts
            append("\(name)_bucket{le=\"\(bound)\"} \(sum)\n")
        }
        append("\(name)_bucket{le=\"+Inf\"} \(reading.count)\n")
        append(
            "\(name)_sum \(Double(reading.sum) / description.parts)\n\(name)_count \(reading.count)\n")
    }
}
