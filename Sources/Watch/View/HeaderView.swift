/// The header (is it live, over which transport, how late, how many updates) and the status line (the possible keys).
internal import Client
internal import Primitives

extension WatchView {
    private static let bar = Style(.text, on: .bar)
    private static let dim = Style(.dim, on: .bar)

    func drawHeader(on grid: inout Grid) {
        for row in layout.headerRows { grid.fill(row: row, columns: 0..<grid.size.columns, Self.bar) }
        guard let first = layout.headerRows.first else { return }
        let last = layout.headerRows.upperBound - 1
        if first == last {
            drawLine(first, left: statePieces + transportPieces, right: countPieces(isShort: true), on: &grid)
        } else {
            let name = [Piece("tidegate ", Style(.title, on: .bar, isBold: true))]
            drawLine(
                first, left: name + statePieces + transportPieces, right: [Piece(model.url, Self.dim)],
                on: &grid)
            drawLine(
                last, left: countPieces(isShort: grid.size.columns < 100), right: topicPieces, on: &grid)
        }
    }

    /// The right part is left out where it would touch the left one.
    private func drawLine(_ row: Int, left: [Piece], right: [Piece], on grid: inout Grid) {
        let width = grid.size.columns
        let end = put(left, row: row, column: 1, end: width, on: &grid)
        let start = width - 1 - self.width(of: right)
        if start >= end + 2 { put(right, row: row, column: start, end: width, on: &grid) }
    }

    private var statePieces: [Piece] {
        var pieces: [Piece]
        switch model.link {
        case .live where model.isAway:
            pieces = [
                Piece("\(symbols.dot) behind", Style(.warning, on: .bar, isBold: true)),
                Piece("  the gateway has lost the updates", Self.dim),
            ]
        case .live: pieces = [Piece("\(symbols.dot) live", Style(.up, on: .bar, isBold: true))]
        case .connecting: pieces = [Piece("\(symbols.dot) connecting", Style(.warning, on: .bar))]
        case .snapshot: pieces = [Piece("\(symbols.dot) snapshot", Style(.warning, on: .bar))]
        case .waiting(let reason, let until) where until <= now:
            pieces = [
                Piece("\(symbols.dot) connecting", Style(.warning, on: .bar)),
                Piece("\(heard)  \(reason)", Self.dim),
            ]
        case .waiting(let reason, let until):
            let seconds = fixed(until.since(now).inSeconds, decimals: 1)
            pieces = [
                Piece("\(symbols.dot) again in \(seconds) s", Style(.warning, on: .bar, isBold: true)),
                Piece("\(heard)  \(reason); r connects now", Self.dim),
            ]
        case .ended(let reason):
            pieces = [
                Piece("\(symbols.dot) ended", Style(.down, on: .bar, isBold: true)),
                Piece("\(heard)  \(reason); r connects again", Self.dim),
            ]
        }
        if model.isPaused {
            pieces.insert(Piece("\(symbols.pause) paused  ", Style(.warning, on: .bar, isBold: true)), at: 0)
        }
        return pieces
    }

    /// How old all that is shown may be.
    private var heard: String {
        guard let last = model.heardTime else { return "" }
        let age = ageText(since: last.milliseconds)
        return age == "now" ? "" : "  heard \(age) ago"
    }

    private var transportPieces: [Piece] {
        switch model.link {
        case .waiting, .ended: []
        default: [Piece("  \(model.subscription.transport.rawValue)", Self.bar)]
        }
    }

    private func countPieces(isShort: Bool) -> [Piece] {
        var pieces: [Piece] = []
        func add(_ number: String, _ label: String) {
            if !pieces.isEmpty { pieces.append(Piece("  ", Self.bar)) }
            pieces += [Piece(number, Self.bar), Piece(label, Self.dim)]
        }
        let isOneLine = layout.headerRows.count == 1
        add(grouped(Int(model.rate.perSecond(now: now).rounded())), isShort ? "/s" : " updates/s")
        add(latencyText, isShort ? " ms" : " ms latency")
        if !isOneLine || isWide {
            add(grouped(model.conflatedCount), isShort ? " confl" : " conflated")
        }
        if !isOneLine {
            add(paceText, isShort || model.subscription.transport == .poll ? " pace" : " pace a topic")
        }
        if model.missedCount > 0 { add(grouped(model.missedCount), " missed") }
        return pieces
    }

    private var isWide: Bool { model.size.columns >= 80 }

    private var latencyText: String {
        guard let latency = model.latency else { return symbols.levels.first == "_" ? "-" : "–" }
        return fixed(latency, decimals: latency < 10 ? 1 : 0)
    }

    private var paceText: String {
        if model.subscription.transport == .poll { return "poll's" }
        guard let pace = model.subscription.pace else { return "no" }
        return "\(fixed(pace, decimals: pace == pace.rounded() ? 0 : 1))/s"
    }

    private var topicPieces: [Piece] {
        let all = model.shown.rows.count
        let count =
            model.order.count == all ? grouped(all) : "\(grouped(model.order.count)) of \(grouped(all))"
        return [
            Piece(model.subscription.topics.joined(separator: " ") + "  ", Self.dim), Piece(count, Self.bar),
            Piece(all == 1 ? " topic" : " topics", Self.dim),
        ]
    }

    // MARK: The status line

    func drawStatus(on grid: inout Grid) {
        let row = layout.statusRow
        let width = grid.size.columns
        grid.fill(row: row, columns: 0..<width, Self.bar)
        if let prompt = model.prompt {
            drawPrompt(prompt, row, on: &grid)
        } else if let notice = model.notice {
            let style = Style(notice.isWarning ? .warning : .text, on: .bar, isBold: notice.isWarning)
            put([Piece(notice.text, style)], row: row, column: 1, end: width, on: &grid)
        } else {
            drawHints(row, on: &grid)
        }
    }

    private func drawPrompt(_ prompt: Prompt, _ row: Int, on grid: inout Grid) {
        let end = grid.size.columns
        let (label, text, hint) =
            switch prompt {
            case .filter: ("filter: ", model.filter, "  Enter keeps it, Esc takes it back")
            case .pattern(let text): ("watch too: ", text, "  a topic or a pattern such as fx/**")
            }
        var column = grid.put(label, row: row, column: 1, end: end, Style(.title, on: .bar))
        // A line too long shows its end, where the person types.
        let typed = symbols.fittedEnd(text, to: max(end - column - 1, 0))
        column = grid.put(typed, row: row, column: column, end: end, Self.bar)
        let cursor = capabilities.isUnicode ? "█" : "_"
        column = grid.put(cursor, row: row, column: column, end: end, Style(.title, on: .bar))
        if let notice = model.notice, notice.isWarning {
            grid.put("  " + notice.text, row: row, column: column, end: end, Style(.warning, on: .bar))
        } else if column + columnCount(of: hint) < end {
            grid.put(hint, row: row, column: column, end: end, Self.dim)
        }
    }

    private func drawHints(_ row: Int, on grid: inout Grid) {
        var column = 1
        for (key, what) in hints {
            let pieces = [
                Piece(key, Style(.title, on: .bar)), Piece(" \(what)", Self.dim),
            ]
            guard column + width(of: pieces) < grid.size.columns else { continue }
            column = put(pieces, row: row, column: column, end: grid.size.columns, on: &grid) + 2
        }
    }

    /// The most useful first; hints that do not fit are left out.
    private var hints: [(String, String)] {
        if model.showsHelp { return [("any key", "back")] }
        // Esc leaves whatever was entered last, so only the hint for that mentions it.
        var filter = [("/", model.filter.isEmpty ? "filter" : "\"\(model.filter)\"")]
        var detail = [(symbols.enter, "detail")]
        if model.showsDetail {
            detail = [("Esc", "close"), ("h l", "scroll")]
        } else if !model.filter.isEmpty {
            filter.append(("Esc", "all"))
        }
        let first = [("?", "help"), ("q", "quit")] + (model.showsDetail ? detail + filter : filter)
        return first + [("s", "sort")] + (model.showsDetail ? [] : detail) + [
            ("p", model.isPaused ? "go on" : "pause"), ("t", "transport"), ("+-", "pace"), ("a", "add"),
            ("d", "drop"), (symbols.arrows, "move"),
        ]
    }
}
