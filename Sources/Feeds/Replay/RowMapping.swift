/// Which cells of a row become its topic, its time and its data.
internal import Broker
internal import Primitives

struct RowMapping {
    /// A topic with columns in braces: "replay/{symbol}".
    struct Template: Equatable {
        enum Piece: Equatable {
            case literal(String)
            case column(String)
        }
        let pieces: [Piece]

        /// Nil if braces do not match or are empty.
        init?(_ text: String) {
            var pieces: [Piece] = []
            var rest = text[...]
            while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
                if brace > rest.startIndex { pieces.append(.literal(String(rest[..<brace]))) }
                let inner = rest[rest.index(after: brace)...]
                guard rest[brace] == "{", let end = inner.firstIndex(where: { $0 == "{" || $0 == "}" }),
                    inner[end] == "}", end > inner.startIndex
                else { return nil }
                pieces.append(.column(String(inner[..<end])))
                rest = inner[inner.index(after: end)...]
            }
            if !rest.isEmpty { pieces.append(.literal(String(rest))) }
            self.pieces = pieces
        }

        var columns: [String] {
            pieces.compactMap { piece in
                if case .column(let name) = piece { name } else { nil }
            }
        }
    }

    let template: Template
    let timeColumn: String
    /// Whether the time is read at all.
    let isTimed: Bool
    /// Empty: all columns except those of the topic and the time.
    let dataColumns: [String]

    /// Whether rows may be in the gateway's own form: a row with "topic" and "data" is then published as it stands.
    private var mayBeUpdate: Bool { template.columns == ["topic"] && dataColumns.isEmpty }

    // MARK: Reading a row

    func time(of row: ReplayRow) throws(RecordFailure) -> RecordedTime? {
        guard isTimed else { return nil }
        guard let index = row.index(of: timeColumn) else { throw missing(timeColumn, in: row) }
        let text = row.text(at: index)
        guard let text, let time = RecordedTime(text) else {
            let found = text.map { "\"\(String(decoding: $0.prefix(40), as: UTF8.self))\"" } ?? "nothing"
            throw RecordFailure(
                "\(found) in \"\(timeColumn)\" is neither Unix time nor ISO 8601")
        }
        return time
    }

    /// Appends the row's update; `data` is scratch memory.
    func append(
        _ row: ReplayRow, with data: inout ByteBuffer, to batch: inout UpdateBatch
    ) throws(RecordFailure) {
        data.removeAll()
        if !isTombstone(row) { try writeData(of: row, into: &data) }
        let topic = try topic(of: row) { $0 }
        do {
            try batch.append(data.bytes, as: topic)
        } catch {
            try appendEncoded(row, data.bytes, to: &batch)
        }
    }

    /// Appends the update of a row whose columns make no topic as they are.
    private func appendEncoded(
        _ row: ReplayRow, _ data: Span<UInt8>, to batch: inout UpdateBatch
    ) throws(RecordFailure) {
        let topic = OutsideName.fitted(try topic(of: row, OutsideName.segments))
        do {
            try batch.append(data, as: topic)
        } catch {
            throw RecordFailure(error.description)
        }
    }

    /// The template with the columns in it, each as `spell` makes it.
    private func topic(
        of row: ReplayRow, _ spell: ([UInt8]) -> [UInt8]
    ) throws(RecordFailure) -> [UInt8] {
        var topic: [UInt8] = []
        for piece in template.pieces {
            switch piece {
            case .literal(let text): topic += text.utf8
            case .column(let name):
                guard let index = row.index(of: name) else { throw missing(name, in: row) }
                guard let text = row.text(at: index) else {
                    throw RecordFailure("\"\(name)\" is part of the topic and holds no text here")
                }
                topic += spell(text)
            }
        }
        return topic
    }

    /// Whether the row ends its topic.
    private func isTombstone(_ row: ReplayRow) -> Bool {
        guard mayBeUpdate, let index = row.index(of: "deleted") else { return false }
        return row.reads("true", at: index)
    }

    private func writeData(of row: ReplayRow, into data: inout ByteBuffer) throws(RecordFailure) {
        if mayBeUpdate, let index = row.index(of: "data") { return try row.appendJSON(at: index, to: &data) }
        data.append(ASCII.openBrace)
        var isFirst = true
        for name in dataColumns.isEmpty ? carried(of: row) : dataColumns {
            guard let index = row.index(of: name) else { throw missing(name, in: row) }
            if !isFirst { data.append(ASCII.comma) }
            isFirst = false
            data.append(jsonString: name)
            data.append(ASCII.colon)
            try row.appendJSON(at: index, to: &data)
        }
        data.append(ASCII.closeBrace)
    }

    private func carried(of row: ReplayRow) -> [String] {
        let taken = template.columns + (timeColumn.isEmpty ? [] : [timeColumn])
        return row.names.filter { !taken.contains($0) }
    }

    private func missing(_ name: String, in row: ReplayRow) -> RecordFailure {
        RecordFailure("there is no \"\(name)\" among \(row.names.joined(separator: ", "))")
    }
}

extension UpdateBatch {
    /// Appends the next value of `topic`, or its end where there is no data.
    fileprivate mutating func append(_ data: Span<UInt8>, as topic: [UInt8]) throws(TopicFailure) {
        if data.isEmpty {
            try append(tombstoneOf: topic.span)
        } else {
            try append(topic: topic.span, data: data)
        }
    }
}
