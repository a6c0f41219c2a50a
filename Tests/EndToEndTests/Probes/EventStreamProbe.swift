/// A reader of `/sse` that is shown every block, and takes none without data: clients that are not strict take it for an event.
import Foundation

struct StreamBlock {
    var type = "message"
    var id: String?
    var data: String?
    var retry: Int?
    var comments: [String] = []

    var json: JSON { JSON(data ?? "") }
}

final class EventStreamProbe {
    let http: HTTPProbe
    let head: HTTPAnswer
    private let isChunked: Bool
    private var text = ""
    private var isOver = false
    private(set) var lastID: String?

    /// Opens the stream and reads its head.
    init(
        _ query: String, _ fields: [String] = [], _ gateway: GatewayProcess = .shared,
        version: String = "HTTP/1.1"
    ) throws {
        http = try HTTPProbe(gateway)
        try http.send("GET", "/sse?\(query)", fields, version: version)
        head = try http.head()
        guard head.status == 200 else { throw Fault("\(head.status) instead of an event stream") }
        isChunked = head.field("Transfer-Encoding") == "chunked"
    }

    /// The next block; nil once the stream has ended properly.
    func nextBlock() throws -> StreamBlock? {
        while true {
            if let end = text.range(of: "\n\n") {
                let block = Self.parse(String(text[..<end.lowerBound]))
                guard block.data != nil else {
                    throw Fault("a block without data: \(text[..<end.lowerBound])")
                }
                text = String(text[end.upperBound...])
                if let id = block.id { lastID = id }
                return block
            }
            guard try more() else { return nil }
        }
    }

    /// The next line, of which comments alone stand between blocks; nil once the stream has ended properly.
    func nextLine() throws -> String? {
        while true {
            if let end = text.firstIndex(of: "\n") {
                defer { text = String(text[text.index(after: end)...]) }
                return String(text[..<end])
            }
            guard try more() else { return nil }
        }
    }

    private func more() throws -> Bool {
        if isOver { return false }
        if isChunked {
            guard let chunk = try http.nextChunk() else {
                isOver = true
                return false
            }
            text += String(decoding: chunk, as: UTF8.self)
            return true
        }
        guard try http.socket.receive() else {
            isOver = true
            return false
        }
        text += String(decoding: try http.socket.take(exactly: http.socket.received.count), as: UTF8.self)
        return true
    }

    /// The next block of that type; skips others.
    func next(_ type: String) throws -> StreamBlock {
        while let block = try nextBlock() {
            if block.type == type { return block }
        }
        throw Fault("the stream ended before an event \(type)")
    }

    /// Updates, until `isEnough`; skips blocks of other types.
    func updates(until isEnough: (JSON) -> Bool) throws -> [JSON] {
        var updates: [JSON] = []
        while true {
            let update = try next("message").json
            updates.append(update)
            if isEnough(update) { return updates }
        }
    }

    /// The updates before `live`, and that event.
    func snapshot() throws -> (updates: [JSON], live: StreamBlock) {
        var updates: [JSON] = []
        while let block = try nextBlock() {
            if block.type == "live" { return (updates, block) }
            if block.type == "message" { updates.append(block.json) }
        }
        throw Fault("the stream ended before it was live")
    }

    private static func parse(_ text: String) -> StreamBlock {
        var block = StreamBlock()
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix(":") {
                block.comments.append(String(line.dropFirst()).trimmingCharacters(in: .whitespaces))
                continue
            }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            var value = parts.count > 1 ? String(parts[1]) : ""
            if value.hasPrefix(" ") { value.removeFirst() }
            switch parts[0] {
            case "event": block.type = value
            case "id": block.id = value
            case "data": block.data = block.data.map { $0 + "\n" + value } ?? value
            case "retry": block.retry = Int(value)
            default: continue
            }
        }
        return block
    }
}
