/// The messages of a WebSocket client (docs/protocol.md, section 4).
internal import Broker
internal import Primitives

enum ClientCommand {
    case subscribe([TopicPattern], cursor: [UInt8]?, last: Int?, rate: RateRequest, wantsStaleness: Bool)
    case unsubscribe([TopicPattern])
    case pace(RateRequest)
    /// The updates stand in the batch that was given to the parser. Under a key they are published once.
    case publish(key: [UInt8]?)
    /// A key or a token.
    case auth([UInt8])
    case ping

    /// A message's `maxRate`.
    enum RateRequest: Equatable {
        case unchanged
        /// Nil: no limit.
        case limit(Double?)
    }

    /// A message whose meaning is known, with its `id` as JSON text, to be echoed.
    struct Parsed {
        var id: [UInt8]?
        var command: Result<ClientCommand, Problem>
    }

    private struct Members {
        var type: JSONString?
        var id: Range<Int>?
        var topics: Range<Int>?
        var cursor: JSONString?
        var token: JSONString?
        var key: JSONString?
        var last: Int?
        var rate = RateRequest.unchanged
        var wantsStaleness = false
        var updates = Updates.missing
        /// The first member that is not of its kind: said once all are read, so that the answer has the `id`.
        var mistake: Problem?
    }

    /// The fate of a message's `updates`, which are read as they are met.
    private enum Updates {
        case missing
        /// They stand in the batch.
        case read
        case refused(Problem)
    }

    /// An `id` longer than this is refused: it comes back in the answer.
    private static var idLimit: Int { 256 }

    /// Reads one message. `batch`, which must be empty, takes the updates of a `publish`.
    static func parse(_ text: Span<UInt8>, into batch: inout UpdateBatch) -> Parsed {
        let text = text.afterByteOrderMark
        var parsed = Parsed(id: nil, command: .success(.ping))
        do throws(Problem) {
            let members = try members(of: text, &batch)
            if let id = members.id { parsed.id = text.extracting(id).array }
            if let id = parsed.id, id.count > idLimit {
                parsed.id = nil
                throw .badRequest("An \"id\" may have \(idLimit) bytes at most.")
            }
            parsed.command = .success(try command(members, text))
            guard case .success(.publish) = parsed.command else {
                // Updates in a message of another type mean nothing.
                batch.removeAll()
                return parsed
            }
        } catch {
            batch.removeAll()
            parsed.command = .failure(error)
        }
        return parsed
    }

    /// Reads the message once. Nothing of it is done before its end has been read.
    private static func members(
        of text: Span<UInt8>, _ batch: inout UpdateBatch
    ) throws(Problem) -> Members {
        var members = Members()
        do throws(JSONFailure) {
            var scanner = JSONScanner(text)
            if scanner.peek() == .object {
                try scanner.enterObject()
                while let name = try scanner.nextMember() {
                    try read(name, &scanner, into: &members, &batch)
                }
            } else {
                _ = try scanner.value()
            }
            try scanner.end()
        } catch {
            throw Problem(error)
        }
        return members
    }

    private static func read(
        _ name: JSONString, _ scanner: inout JSONScanner, into members: inout Members,
        _ batch: inout UpdateBatch
    ) throws(JSONFailure) {
        if name.equals("type", in: scanner.bytes) {
            members.type = try string("type", &scanner, &members)
        } else if name.equals("id", in: scanner.bytes) {
            members.id = try scanner.value()
        } else if name.equals("topics", in: scanner.bytes) {
            members.topics = try scanner.value()
        } else if name.equals("cursor", in: scanner.bytes) {
            if try !scanner.null() { members.cursor = try string("cursor", &scanner, &members) }
        } else if name.equals("token", in: scanner.bytes) {
            members.token = try string("token", &scanner, &members)
        } else if name.equals("key", in: scanner.bytes) {
            members.key = try string("key", &scanner, &members)
        } else if name.equals("maxRate", in: scanner.bytes) {
            members.rate = try rate(&scanner, &members)
        } else if name.equals("last", in: scanner.bytes) {
            members.last = try last(&scanner, &members)
        } else if name.equals("stale", in: scanner.bytes) {
            members.wantsStaleness = try boolean("stale", &scanner, &members)
        } else if name.equals("updates", in: scanner.bytes) {
            members.updates = try updates(&scanner, &batch)
        } else {
            _ = try scanner.value()
        }
    }

    /// A fault in the updates is told only if the rest of the message is JSON, so the rest is read all the same.
    private static func updates(
        _ scanner: inout JSONScanner, _ batch: inout UpdateBatch
    ) throws(JSONFailure) -> Updates {
        batch.removeAll()
        guard scanner.peek() == .array else {
            _ = try scanner.value()
            return .refused(.badRequest("\"updates\" must be an array."))
        }
        let start = scanner
        do throws(Problem) {
            try UpdateReader.readArray(&scanner, into: &batch)
            return .read
        } catch {
            batch.removeAll()
            scanner = start
            _ = try scanner.value()
            return .refused(error)
        }
    }

    private static func string(
        _ name: StaticString, _ scanner: inout JSONScanner, _ members: inout Members
    ) throws(JSONFailure) -> JSONString? {
        if scanner.peek() == .string { return try scanner.string() }
        _ = try scanner.value()
        members.mistake = members.mistake ?? .badRequest("\"\(name)\" must be a string.")
        return nil
    }

    private static func boolean(
        _ name: StaticString, _ scanner: inout JSONScanner, _ members: inout Members
    ) throws(JSONFailure) -> Bool {
        if scanner.peek() == .boolean { return try scanner.boolean() }
        _ = try scanner.value()
        members.mistake = members.mistake ?? .badRequest("\"\(name)\" must be true or false.")
        return false
    }

    private static func last(
        _ scanner: inout JSONScanner, _ members: inout Members
    ) throws(JSONFailure) -> Int? {
        if try scanner.null() { return nil }
        let text = scanner.bytes.extracting(try scanner.value()).array
        do throws(Problem) {
            return try SubscriptionRequest.last(text)
        } catch {
            members.mistake = members.mistake ?? error
            return nil
        }
    }

    private static func rate(
        _ scanner: inout JSONScanner, _ members: inout Members
    ) throws(JSONFailure) -> RateRequest {
        if try scanner.null() { return .limit(nil) }
        let isNumber = scanner.peek() == .number
        let range = try scanner.value()
        if isNumber, let value = Double(scanner.bytes.extracting(range).text) { return .limit(value) }
        members.mistake = members.mistake ?? SubscriptionRequest.rateProblem
        return .unchanged
    }

    private static func command(
        _ members: Members, _ text: Span<UInt8>
    ) throws(Problem) -> ClientCommand {
        if let mistake = members.mistake { throw mistake }
        guard let type = members.type else {
            throw .badRequest("A message is an object with a \"type\", such as {\"type\":\"ping\"}.")
        }
        if type.equals("subscribe", in: text) {
            let cursor = members.cursor.map { $0.decoded(in: text) ?? [] }
            return .subscribe(
                try topics(members, text), cursor: cursor, last: members.last,
                rate: try checked(members.rate), wantsStaleness: members.wantsStaleness)
        }
        if type.equals("unsubscribe", in: text) { return .unsubscribe(try topics(members, text)) }
        if type.equals("pace", in: text) {
            guard members.rate != .unchanged else { throw SubscriptionRequest.rateProblem }
            return .pace(try checked(members.rate))
        }
        if type.equals("publish", in: text) {
            switch members.updates {
            case .missing: throw .badRequest("\"publish\" wants \"updates\", an array.")
            case .refused(let problem): throw problem
            case .read: return .publish(key: members.key.map { $0.decoded(in: text) ?? [] })
            }
        }
        if type.equals("auth", in: text) {
            guard let token = members.token?.decoded(in: text), !token.isEmpty else {
                throw .badRequest("\"auth\" wants \"token\", a key or a token.")
            }
            return .auth(token)
        }
        if type.equals("ping", in: text) { return .ping }
        throw .badRequest(
            "\"\(text.extracting(type.range).text.prefix(40))\" is no message type: subscribe, unsubscribe, pace, publish, auth or ping."
        )
    }

    private static func checked(_ rate: RateRequest) throws(Problem) -> RateRequest {
        if case .limit(let value?) = rate { return .limit(try SubscriptionRequest.checkedRate(value)) }
        return rate
    }

    private static func topics(_ members: Members, _ text: Span<UInt8>) throws(Problem) -> [TopicPattern] {
        guard let range = members.topics else {
            throw .badRequest("\"topics\" is missing: an array of topics or patterns.")
        }
        let named: (patterns: [TopicPattern], mistake: Problem?)
        var scanner = JSONScanner(text.extracting(range))
        do throws(JSONFailure) {
            named = try SubscriptionRequest.readNames(&scanner)
        } catch {
            throw Problem(error)
        }
        if let mistake = named.mistake { throw mistake }
        if named.patterns.isEmpty { throw .badRequest("\"topics\" names nothing.") }
        return named.patterns
    }
}
