/// Plays a recorded file: CSV with a header, or NDJSON, including updates as the gateway writes them.
package import Broker
package import Primitives
package import Settings

package final class ReplayFeed: FeedKind {
    package static let kindName = "replay"

    private let path: String
    private let name: String
    private let format: ReplayFormat
    private let isLooping: Bool
    private let onBadRow: BadRowPolicy
    private let mapping: RowMapping
    private var pace: ReplayPace
    /// Nil before the first row, between rounds and after the end.
    private var file: RecordedFile?
    private var hasEnded = false
    private var roundRowCount = 0

    // The next row, before it is due.
    private var row = ReplayRow()
    private var due: Instant?
    private var data = ByteBuffer()
    private var skipped = SkippedRecords()

    /// What a row that can't be used does.
    private enum BadRowPolicy: String, CaseIterable {
        case skip
        /// Ends the feed.
        case end
    }

    /// 4,096 rows a batch: a file whose rows have the same time is published in pieces.
    private static let batchLimit = 4096

    package init(
        origin: FeedOrigin, settings: inout SettingsSection
    ) throws(SettingsFailure) {
        name = try settings.text("file", default: "")
        format = try settings.choice("format", default: .auto)
        isLooping = try settings.boolean("loop", default: false)
        onBadRow = try settings.choice("onBadRow", default: .skip)
        let speed = try settings.number("speed", default: 1, in: 0.001...100_000)
        let rate = try settings.number("rate", default: 0, in: 0...1_000_000)
        pace = rate > 0 ? ReplayPace(rate: rate) : ReplayPace(speed: speed)
        path = filePath(name, from: origin.baseDirectory)
        mapping = RowMapping(
            template: try Self.template(&settings), timeColumn: try settings.text("time", default: "time"),
            isTimed: rate == 0, dataColumns: try settings.texts("data", default: []))
        if name.isEmpty { throw settings.refusal(of: "file", because: "a replay needs a file") }
        try check(settings)
    }

    private static func template(
        _ settings: inout SettingsSection
    ) throws(SettingsFailure) -> RowMapping.Template {
        let text = try settings.text("topic", default: "{topic}")
        guard let template = RowMapping.Template(text) else {
            throw settings.refusal(
                of: "topic", because: "\"\(text)\" has braces that do not enclose a column's name")
        }
        let example = template.pieces.map { piece in
            if case .literal(let text) = piece { text } else { "x" }
        }.joined()
        if let reason = topicFault(example) { throw settings.refusal(of: "topic", because: reason) }
        return template
    }

    /// Opens the file once, so that a faulty file or an unknown column is reported at the start.
    private func check(_ settings: SettingsSection) throws(SettingsFailure) {
        let file: RecordedFile
        do {
            file = try RecordedFile(path: path, name: name, format: format)
        } catch {
            throw settings.refusal(of: "file", because: error.reason)
        }
        guard file.format == .csv else { return }
        let wanted =
            mapping.template.columns.map { ("topic", $0) } + mapping.dataColumns.map { ("data", $0) }
            + (mapping.isTimed ? [("time", mapping.timeColumn)] : [])
        for (key, column) in wanted where !file.columns.contains(column) {
            let advice = key == "time" ? ". Name the column of the times, or set \"rate\"" : ""
            throw settings.refusal(
                of: key,
                because: "\(name) has no column \"\(column)\"; it has "
                    + file.columns.joined(separator: ", ") + advice)
        }
    }

    package func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant? {
        for _ in 0..<Self.batchLimit {
            if hasEnded { return nil }
            if due == nil { try readRow(now: now) }
            // Nothing is due where a row was skipped or a round is over.
            guard let due else { continue }
            if due > now { return due }
            try append(to: &batch)
            self.due = nil
        }
        return now
    }

    package func takeSkipped() -> SkippedRecords {
        defer { skipped = SkippedRecords() }
        return skipped
    }

    /// Reads the next row and decides when it is due.
    private func readRow(now: Instant) throws(FeedFailure) {
        switch try openedFile().readRow(into: &row) {
        case .end: try endRound()
        case .bad(let failure): try leave(failure)
        case .row:
            do {
                due = pace.next(try mapping.time(of: row), now: now)
                roundRowCount += 1
            } catch {
                try leave(error)
            }
        }
    }

    /// Passes over the latest row, or ends with it.
    private func leave(_ failure: RecordFailure) throws(FeedFailure) {
        let located = file?.located(failure) ?? FeedFailure("\(name): \(failure.reason)", isPassing: false)
        guard onBadRow == .skip else { throw located }
        skipped.add(located.reason)
    }

    private func openedFile() throws(FeedFailure) -> RecordedFile {
        if let file { return file }
        let opened = try RecordedFile(path: path, name: name, format: format)
        file = opened
        roundRowCount = 0
        pace.rewind()
        return opened
    }

    private func endRound() throws(FeedFailure) {
        file = nil
        if isLooping, roundRowCount == 0 {
            throw FeedFailure("\(name) has no row that can be used", isPassing: true)
        }
        hasEnded = !isLooping
    }

    private func append(to batch: inout UpdateBatch) throws(FeedFailure) {
        do {
            try mapping.append(row, with: &data, to: &batch)
        } catch {
            try leave(error)
        }
    }
}
