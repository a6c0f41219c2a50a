/// The results as a table for people.
import Foundation

enum Table {
    private static let columns = [
        "workload", "via", "server", "delivered/s", "of wanted", "µs/update", "µs/publish", "p50 ms", "p90",
        "p99",
        "p99.9", "max", "MB/s", "upd/read", "connects/s", "B/conn", "kernel", "lost",
    ]

    static func text(_ results: [RunResult]) -> String {
        laidOut([columns] + results.map(cells))
    }

    /// The gateway's figures divided by each peer's, for the same workload in the same runs.
    static func ratios(_ results: [RunResult]) -> String {
        var rows = [["workload", "via", "tidegate over", "µs/update", "delivered", "age p99", "B/conn"]]
        let ours = results.filter { $0.server == GatewayServer().name }
        for own in ours {
            for peer in results
            where peer.workload == own.workload && peer.transport == own.transport
                && peer.server != own.server
            {
                func ratio(_ figure: (RunResult) -> Double?) -> String {
                    guard let first = figure(own), let second = figure(peer), second > 0 else { return "–" }
                    return number(first / second)
                }
                rows.append([
                    own.workload, own.transport.rawValue, peer.server,
                    ratio { own.transport == .poll ? $0.costOfAnswer : $0.costOfUpdate },
                    ratio(\.deliveredPerSecond), ratio { $0.readers.age.percentile(0.99) },
                    ratio(\.privateBytesEach),
                ])
            }
        }
        return laidOut(rows)
    }

    /// Rows under each other; the cells of the columns in `texts` begin at the left.
    static func laidOut(_ rows: [[String]], texts: Set<Int> = [0, 1, 2]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let isLastText = column == row.count - 1 && texts.contains(column)
                let space = String(
                    repeating: " ", count: isLastText ? 0 : widths[column] - row[column].count)
                return texts.contains(column) ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func cells(_ result: RunResult) -> [String] {
        let age = result.readers.age
        func milliseconds(_ share: Double) -> String {
            age.percentile(share).map { number($0 / 1000) } ?? "–"
        }
        let isPoll = result.transport == .poll
        return [
            result.workload, result.transport.rawValue, result.server,
            grouped(result.deliveredPerSecond),
            result.wanted > 0
                ? "\(Int((Double(result.readers.updates) / result.wanted * 100).rounded())) %" : "–",
            (isPoll ? result.costOfAnswer : result.costOfUpdate).map(number) ?? "–",
            result.costOfPublish.map(number) ?? "–",
            milliseconds(0.5), milliseconds(0.9), milliseconds(0.99), milliseconds(0.999), milliseconds(1),
            number(Double(result.readers.bytes) / result.seconds / 1e6),
            result.readers.reads > 0
                ? number(Double(result.readers.updates) / Double(result.readers.reads)) : "–",
            result.readers.connectSeconds > 0
                ? grouped(Double(result.readers.live) / result.readers.connectSeconds) : "–",
            grouped(result.privateBytesEach), grouped(result.kernelBytesEach), "\(result.readers.lost)",
        ]
    }

    /// Remarks that do not fit a column of figures.
    static func remarks(_ results: [RunResult]) -> [String] {
        results.compactMap { result in
            var parts: [String] = []
            if result.waitingToSend + result.waitingToRead > 0 {
                parts.append(
                    "for a slow reader wait, in the median, \(result.waitingToSend / 1024) KiB in the server's kernel "
                        + "and \(result.waitingToRead / 1024) KiB in the reader's")
            }
            if let median = result.readers.slowAge.percentile(0.5),
                let late = result.readers.slowAge.percentile(0.99)
            {
                parts.append(
                    "slow readers got values of \(number(median / 1000)) ms, p99 \(number(late / 1000)) ms")
            }
            if abs(result.grownBytes) > 1_000_000 {
                parts.append(
                    "the server's memory grew by \(number(Double(result.grownBytes) / 1e6)) MB meanwhile")
            }
            guard !parts.isEmpty else { return nil }
            return "\(result.workload), \(result.transport.rawValue), \(result.server): "
                + parts.joined(separator: "; ")
        }
    }

    static func number(_ value: Double) -> String {
        switch abs(value) {
        case ..<0.995: String(format: "%.2f", value)
        case ..<99.5: String(format: "%.1f", value)
        default: grouped(value)
        }
    }

    static func grouped(_ value: Double) -> String {
        let digits = Array(String(Int(abs(value).rounded())))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (value < -0.5 ? "-" : "") + text
    }
}
