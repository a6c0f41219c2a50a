/// The same reader on each transport, so that one test can compare what they deliver.
import Foundation

enum Transport: String, CaseIterable, Sendable {
    case webSocket
    case eventStream
    case poll
}

/// What one connection delivered: the updates in order, and the last cursor.
struct Reading {
    var updates: [(topic: String, version: Int, data: JSON)] = []
    var isReset = false
    var isResumed: Bool?
    var gaps: [JSON] = []
    var cursor = ""

    mutating func add(_ list: [JSON]) {
        for update in list {
            updates.append((update["topic"].string ?? "", update["version"].int ?? 0, update["data"]))
        }
    }

    /// `a:1 b:3`, for comparison.
    var versions: [String] { updates.map { "\($0.topic.split(separator: "/").last ?? ""):\($0.version)" } }
}

extension Transport {
    /// Subscribes and reads to the end of the snapshot, but no further.
    func read(_ topics: String, cursor: String? = nil, on gateway: GatewayProcess = .shared) throws -> Reading
    {
        let query = "topics=\(topics)" + (cursor.map { "&cursor=\($0)" } ?? "")
        var reading = Reading()
        switch self {
        case .webSocket:
            let probe = try WebSocketProbe(query, [], gateway)
            let subscribed = try probe.next("subscribed")
            reading.isResumed = subscribed["resumed"].bool
            reading.isReset = cursor != nil && reading.isResumed == false
            while true {
                let message = try probe.next()
                reading.add(message["updates"].list)
                if message["type"].string == "gap" { reading.gaps.append(message) }
                if message["type"].string == "live" { break }
            }
            reading.cursor = probe.lastCursor ?? ""
        case .eventStream:
            let probe = try EventStreamProbe(query, [], gateway)
            while let block = try probe.nextBlock() {
                if block.type == "reset" { reading.isReset = true }
                if block.type == "gap" { reading.gaps.append(block.json) }
                if block.type == "message" { reading.add([block.json]) }
                if block.type == "live" {
                    reading.isResumed = block.json["resumed"].bool
                    break
                }
            }
            reading.cursor = probe.lastID ?? ""
        case .poll:
            let answer = try HTTPProbe.ask("GET", "/poll?\(query)&wait=0", on: gateway)
            guard answer.status == 200 else { throw Fault("poll: \(answer.status) \(answer.text)") }
            reading.add(answer.json["updates"].list)
            reading.isReset = answer.json["reset"].bool ?? false
            reading.isResumed = cursor != nil && !reading.isReset
            reading.gaps = answer.json["gaps"].list
            reading.cursor = answer.json["cursor"].string ?? ""
        }
        return reading
    }
}
