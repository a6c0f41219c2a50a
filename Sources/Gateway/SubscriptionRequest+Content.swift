/// A reader's request as JSON: each member is the parameter of that name in a query.
internal import Broker
internal import Primitives

extension SubscriptionRequest {
    /// Adds what the object says. Members that are not known are passed over, as parameters are.
    mutating func read(_ text: Span<UInt8>, _ settings: SubscriberSettings) throws(Problem) {
        let text = text.afterByteOrderMark
        // Said once all is read: that the text is no JSON comes first.
        var mistake: Problem?
        do throws(JSONFailure) {
            var scanner = JSONScanner(text)
            if scanner.peek() == .object {
                try scanner.enterObject()
                while let name = try scanner.nextMember() {
                    let found = try readMember(name, &scanner, settings)
                    mistake = mistake ?? found
                }
            } else {
                _ = try scanner.value()
                mistake = .badRequest("The body must be an object, such as {\"topics\":[\"stocks/*\"]}.")
            }
            try scanner.end()
        } catch {
            throw Problem(error)
        }
        if let mistake { throw mistake }
    }

    /// Returns what is wrong with the member.
    private mutating func readMember(
        _ name: JSONString, _ scanner: inout JSONScanner, _ settings: SubscriberSettings
    ) throws(JSONFailure) -> Problem? {
        let text = scanner.bytes
        if name.equals("topics", in: text) {
            let limit = settings.subscriptionLimit
            let named = try Self.readNames(&scanner, upTo: limit - patterns.count, or: .tooManyTopics(limit))
            patterns += named.patterns
            return named.mistake
        }
        let kind = scanner.peek()
        if kind == .string, name.equals("cursor", in: text) || name.equals("lastEventId", in: text) {
            let given = try scanner.string()
            // What can't be decoded is presented all the same, and gets a reset.
            if !given.range.isEmpty { cursor = given.decoded(in: text) ?? [ASCII.question] }
            return nil
        }
        let value = text.extracting(try scanner.value())
        if kind == .null { return nil }
        do throws(Problem) {
            try take(name, in: text, kind, value)
        } catch {
            return error
        }
        return nil
    }

    private mutating func take(
        _ name: JSONString, in text: Span<UInt8>, _ kind: JSONKind?, _ value: Span<UInt8>
    ) throws(Problem) {
        if name.equals("cursor", in: text) || name.equals("lastEventId", in: text) {
            throw .badRequest("\"cursor\" must be a string.")
        } else if name.equals("maxRate", in: text) {
            guard kind == .number else { throw Self.rateProblem }
            maximumRate = try Self.rate(value.array)
        } else if name.equals("heartbeat", in: text) {
            heartbeat = UInt8(try Self.integer(value.array, "heartbeat", 1...60))
        } else if name.equals("wait", in: text) {
            wait = try Self.integer(value.array, "wait", 0...60)
        } else if name.equals("last", in: text) {
            last = try Self.last(value.array)
        } else if name.equals("stale", in: text) {
            wantsStaleness = try Self.boolean(value.array, "stale")
        }
    }

    /// Reads an array of topics and patterns to its end, and takes what stands before the first mistake. More than `limit` is
    /// the mistake `excess`.
    static func readNames(
        _ scanner: inout JSONScanner, upTo limit: Int = .max, or excess: Problem? = nil
    ) throws(JSONFailure) -> (patterns: [TopicPattern], mistake: Problem?) {
        guard scanner.peek() == .array else {
            _ = try scanner.value()
            return ([], noNames)
        }
        var patterns: [TopicPattern] = []
        var mistake: Problem?
        try scanner.enterArray()
        while try scanner.nextElement() {
            guard mistake == nil, scanner.peek() == .string else {
                _ = try scanner.value()
                mistake = mistake ?? noNames
                continue
            }
            let name = try scanner.string()
            do throws(Problem) {
                guard patterns.count < limit else { throw excess ?? noNames }
                patterns.append(try pattern(name, in: scanner.bytes))
            } catch {
                mistake = error
            }
        }
        return (patterns, mistake)
    }

    private static let noNames = Problem.badRequest("\"topics\" must be an array of strings.")

    private static func pattern(_ name: JSONString, in text: Span<UInt8>) throws(Problem) -> TopicPattern {
        let decoded = name.hasEscapes ? name.decoded(in: text) : nil
        if name.hasEscapes, decoded == nil {
            throw Problem(400, "invalid_topic", "A topic has half of a surrogate pair.")
        }
        do throws(TopicFailure) {
            if let decoded { return try TopicPattern(decoded.span) }
            return try TopicPattern(text.extracting(name.range))
        } catch {
            throw Problem(error)
        }
    }
}
