/// The body of a request that publishes, taken as it arrives.
internal import Broker
internal import HTTP
internal import Primitives

final class PublishIntake {
    enum Kind {
        /// The body is one value.
        case one(topic: [UInt8])
        /// The body is updates: an object, an array, or NDJSON.
        case many
    }

    var decoder: BodyDecoder
    private let kind: Kind
    private let isLines: Bool
    private let lineLimit: Int
    /// A JSON body so far, or the beginning of a line.
    private var text = ByteBuffer()
    private var lineNumber: UInt64 = 0
    private var accepted: UInt64 = 0
    /// Lines are published together as they come, until some of them were refused.
    private var takesOneByOne = false

    init(_ head: RequestHead, _ kind: Kind, _ settings: PublisherSettings) throws(Problem) {
        guard head.bodyFraming != .none else {
            throw Problem(411, "bad_request", "Send a body, with Content-Length or chunked.")
        }
        self.kind = kind
        let isLines = try Self.isLines(head)
        if isLines, case .one = kind {
            throw Problem(415, "bad_request", "A single value is JSON; send lines to /publish.")
        }
        self.isLines = isLines
        lineLimit = settings.valueByteCount
        let limit: Int? =
            switch kind {
            case .one: settings.valueByteCount
            case .many: isLines ? nil : settings.bodyByteCount
            }
        if case .length(let byteCount) = head.bodyFraming, let limit, byteCount > limit {
            throw Problem(413, "payload_too_large", "The body may have \(limit) bytes at most.")
        }
        decoder = BodyDecoder(head.bodyFraming, byteCountLimit: limit)
    }

    /// Decides by the content type whether lines come, and refuses what can only be a mistake. What curl sends
    /// by itself, and no type at all, is taken for JSON.
    private static func isLines(_ head: RequestHead) throws(Problem) -> Bool {
        if let coding = head.field("Content-Encoding"), !coding.span.equals("identity") {
            throw Problem(415, "bad_request", "Send the body without Content-Encoding.")
        }
        guard let field = head.field("Content-Type") else { return false }
        let type = String(decoding: field, as: UTF8.self).lowercased().prefix { $0 != ";" && $0 != " " }
        switch type {
        case "application/x-ndjson", "application/ndjson", "application/jsonl": return true
        case "application/json", "text/plain", "text/json", "application/x-www-form-urlencoded",
            "application/octet-stream":
            return false
        default:
            if type.hasSuffix("+json") { return false }
            throw Problem(415, "bad_request", "Send application/json or application/x-ndjson.")
        }
    }

    /// How far a stream of lines came, for the answer that ends it.
    var progress: KeyValuePairs<StaticString, UInt64> {
        isLines ? ["line": lineNumber, "accepted": accepted] : [:]
    }

    // MARK: Taking

    func received(
        _ content: Span<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        guard isLines else {
            text.append(content)
            return
        }
        let before = (text: text.array, lineNumber: lineNumber)
        var refusal: Problem?
        do throws(Problem) {
            try receivedLines(content, connection, loop)
        } catch {
            refusal = error
        }
        do throws(Problem) {
            try publishLines(connection, loop)
        } catch {
            // None of the lines was taken. One by one they show how far it goes, and which is the bad one.
            text.removeAll()
            text.append(before.text.span)
            lineNumber = before.lineNumber
            takesOneByOne = true
            try receivedLines(content, connection, loop)
        }
        if let refusal { throw refusal }
    }

    private func receivedLines(
        _ content: Span<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        var start = 0
        for index in content.indices where content[index] == ASCII.lineFeed {
            let piece = content.extracting(start..<index)
            start = index + 1
            if text.isEmpty {
                try take(line: piece, connection, loop)
            } else {
                text.append(piece)
                let line = text.array
                text.removeAll()
                try take(line: line.span, connection, loop)
            }
        }
        text.append(content.extracting(start..<content.count))
        if text.count > lineLimit + 1024 {
            lineNumber += 1
            throw lineTooLong
        }
    }

    private func take(
        line: Span<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        lineNumber += 1
        // Room for the names around the value.
        guard line.count <= lineLimit + 1024 else { throw lineTooLong }
        for index in line.indices {
            switch line[index] {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn: continue
            default:
                try UpdateReader.read(line: line, into: &loop.publishing)
                if takesOneByOne { try publishLines(connection, loop) }
                return
            }
        }
    }

    private var lineTooLong: Problem {
        Problem(413, "payload_too_large", "A line may have \(lineLimit + 1024) bytes at most.")
    }

    private func publishLines(_ connection: Connection, _ loop: GatewayLoop) throws(Problem) {
        accepted += UInt64(try loop.publish(from: connection).accepted)
    }

    // MARK: The end

    func finish(_ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop) throws(Problem) {
        var body = ByteBuffer()
        switch kind {
        case .one(let topic):
            try takeValue(of: topic, loop)
            body.append(
                accepted: topic, try loop.publish(from: connection).lastVersion ?? 0, loop.time,
                isDeleted: false)
        case .many:
            if isLines {
                if !text.isEmpty {
                    let line = text.array
                    try take(line: line.span, connection, loop)
                    try publishLines(connection, loop)
                }
            } else {
                let all = text.array
                try UpdateReader.read(body: all.span, into: &loop.publishing)
                accepted = UInt64(try loop.publish(from: connection).accepted)
            }
            body.append("{\"accepted\":")
            body.append(decimal: accepted)
            body.append("}\n")
        }
        http.answerJSON(body, connection, loop)
    }

    private func takeValue(of topic: [UInt8], _ loop: GatewayLoop) throws(Problem) {
        let value = text.array
        try UpdateReader.checkUTF8(value.span)
        var scanner = JSONScanner(value.span)
        let range: Range<Int>
        do {
            range = try scanner.value()
            try scanner.end()
        } catch {
            throw Problem(error)
        }
        do {
            try loop.publishing.append(topic: topic.span, data: value.span.extracting(range))
        } catch {
            throw Problem(error)
        }
    }
}

extension GatewayLoop {
    /// Publishes what a front end put into `publishing`, whole, and empties it.
    func publish(from connection: Connection) throws(Problem) -> PublishOutcome {
        defer { publishing.removeAll() }
        guard !publishing.isEmpty else { return PublishOutcome(accepted: 0, lastVersion: nil) }
        let settings = configuration.publishers
        if let wait = connection.publishing.admit(
            publishing.count, at: now, rate: settings.updateRate, burst: settings.updateBurst)
        {
            throw .tooManyUpdates(settings.updateRate, wait: wait)
        }
        do {
            let outcome = try shared.sequencer.publish(publishing, time: time, at: now)
            statistics.published.add(outcome.accepted)
            return outcome
        } catch {
            throw Problem(error)
        }
    }
}

extension ByteBuffer {
    /// `{"topic":…,"version":…,"time":…}`, what a publisher is told of its update.
    mutating func append(accepted topic: [UInt8], _ version: UInt64, _ time: UnixTime, isDeleted: Bool) {
        append("{\"topic\":")
        append(jsonString: topic.span)
        append(",\"version\":")
        append(decimal: version)
        append(",\"time\":")
        append(decimal: time.milliseconds)
        append(isDeleted ? ",\"deleted\":true}\n" : "}\n")
    }
}
