/// `tidegate topics`: the present topics, as a table, as JSON lines or as names.
internal import Client
internal import Primitives

enum Topics: Command {
    static let name = "topics"
    static let summary = "List topics and their latest values"
    static let help = """
        Usage: tidegate topics [PATTERN] [OPTIONS]

        Lists the topics that PATTERN covers (default: all) with their versions, ages and latest values, in byte
        order of their names. A value that has grown stale is marked "stale". On a terminal each value is cut to
        its width.

        \(Arguments.gatewayHelp)
          --json              print the updates, one JSON object a line, with "age" and, if so, "stale":true
          --names             print only the names
          --limit N           print at most N topics

        Examples:
          tidegate topics
          tidegate topics 'stocks/*' --limit 20
          tidegate topics 'host/**' --names | wc -l
          tidegate topics --json | jq -r 'select(.data.price > 100).topic'
          tidegate topics --json | jq -r 'select(.stale).topic'
        """

    /// Topics per request.
    private static let pageSize = 1000

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let url = try arguments.gateway()
        let isJSON = try arguments.flag("--json")
        let isNames = try arguments.flag("--names")
        let limit = try arguments.integer("--limit", in: 1...Int.max)
        let pattern = try arguments.positionals(0...1).first ?? "**"
        if isJSON, isNames { throw UsageFailure("--json and --names exclude each other") }

        let list = TopicList(of: pattern, at: url, pageSize: min(limit ?? pageSize, pageSize))
        var remaining = limit ?? .max
        let width = Console.width
        var output = ByteBuffer()
        while remaining > 0, let page = try list.nextPage() {
            let shown = page.prefix(remaining)
            remaining -= shown.count
            if isJSON || isNames {
                for update in shown {
                    output.append(isJSON ? update.line : update.topic)
                    output.append(ASCII.lineFeed)
                }
            } else {
                output.append(tableOf: shown, now: .now(), width: width)
            }
            try Console.flush(&output)
        }
        return 0
    }
}

extension ByteBuffer {
    /// Appends a row for each update of a page; the columns are as wide as that page needs.
    fileprivate mutating func append(tableOf updates: ArraySlice<Update>, now: UnixTime, width: Int?) {
        let rows = updates.map { update in
            (
                topic: update.topic.span.text, version: "v\(update.version)",
                age: age(of: update, now), stale: update.isStale ? "stale" : "",
                data: update.data.map { update.line.span.extracting($0).text } ?? ""
            )
        }
        let topicWidth = rows.map(\.topic.count).max() ?? 0
        let versionWidth = rows.map(\.version.count).max() ?? 0
        let ageWidth = rows.map(\.age.count).max() ?? 0
        let staleWidth = rows.map(\.stale.count).max() ?? 0
        for row in rows {
            let left =
                padded(row.topic, topicWidth) + "  " + padded(row.version, versionWidth) + "  "
                + padded(row.age, ageWidth, isRight: true) + "  "
                + (staleWidth > 0 ? padded(row.stale, staleWidth) + "  " : "")
            var line = left + row.data
            if let width, line.count > width { line = line.prefix(max(width - 1, 1)) + "…" }
            append(printable: Array(line.utf8).span)
            append(ASCII.lineFeed)
        }
    }

    private func padded(_ text: String, _ width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? space + text : text + space
    }

    /// `3s`, `12m`, `5h`, `40d`: since the moment that the publisher named, else as the gateway counts.
    private func age(of update: Update, _ now: UnixTime) -> String {
        let moment = update.moment
        let passed = now.milliseconds > moment ? (now.milliseconds - moment) / 1000 : 0
        let counted = update.at == nil ? update.age.flatMap { UInt64(exactly: $0.rounded(.down)) } : nil
        let seconds = counted ?? passed
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86400: return "\(seconds / 3600)h"
        default: return "\(seconds / 86400)d"
        }
    }
}
