/// A reader's request: what a query says, the same on all transports, and a body where there is one.
internal import Broker
internal import HTTP
internal import Primitives

struct SubscriptionRequest {
    var patterns: [TopicPattern] = []
    /// As presented; nil when none was. An unreadable one is presented all the same, and gets a reset.
    var cursor: [UInt8]?
    var maximumRate: Double?
    /// Seconds; nil when none was asked for.
    var heartbeat: UInt8?
    var wait: Int?
    /// How many of the updates that a log keeps a snapshot shows; nil: all.
    var last: Int?
    /// Whether it is to be told which topics are stale.
    var wantsStaleness = false

    init(_ head: RequestHead, _ settings: SubscriberSettings) throws(Problem) {
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        for (name, value) in items {
            switch String(decoding: name, as: UTF8.self) {
            case "topics":
                for part in value.split(separator: ASCII.comma, omittingEmptySubsequences: false) {
                    try add(Array(part))
                }
            case "topic": try add(value)
            case "cursor", "lastEventId": if !value.isEmpty { cursor = value }
            case "maxRate": maximumRate = try Self.rate(value)
            case "heartbeat": heartbeat = UInt8(try Self.integer(value, "heartbeat", 1...60))
            case "stale": wantsStaleness = try Self.boolean(value, "stale")
            case "wait": wait = try Self.integer(value, "wait", 0...60)
            case "last": last = try Self.last(value)
            default: continue
            }
        }
        guard patterns.count <= settings.subscriptionLimit else {
            throw .tooManyTopics(settings.subscriptionLimit)
        }
    }

    /// The request of a connection, which must have the right to read all that it names.
    init(_ head: RequestHead, from connection: Connection, _ work: Workspace) throws(Problem) {
        try self.init(head, work.configuration.subscribers)
        try work.demandReading(patterns, by: connection.principal)
    }

    /// The same where the request's content says more, as an object. No content says nothing.
    init(
        _ head: RequestHead, content: Span<UInt8>, from connection: Connection, _ work: Workspace
    ) throws(Problem) {
        try self.init(head, work.configuration.subscribers)
        if !content.isEmpty { try read(content, work.configuration.subscribers) }
        try work.demandReading(patterns, by: connection.principal)
    }

    private mutating func add(_ text: [UInt8]) throws(Problem) {
        do {
            patterns.append(try TopicPattern(text.span))
        } catch {
            throw Problem(error)
        }
    }

    /// A subscription by URL must name something.
    func demandTopics() throws(Problem) {
        if patterns.isEmpty {
            throw .badRequest(
                "Name what to subscribe to, for instance ?topics=stocks/*,fx/EUR/USD, or {\"topics\":[\"stocks/*\"]} as the body of a POST."
            )
        }
    }

    static func integer(_ text: [UInt8], _ name: String, _ range: ClosedRange<Int>) throws(Problem)
        -> Int
    {
        guard let value = text.span.decimal, value <= UInt64(range.upperBound), range.contains(Int(value))
        else {
            throw .badRequest(
                "\"\(name)\" must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return Int(value)
    }

    static func boolean(_ text: [UInt8], _ name: String) throws(Problem) -> Bool {
        switch String(decoding: text, as: UTF8.self) {
        case "1", "true": return true
        case "0", "false": return false
        default: throw .badRequest("\"\(name)\" must be true or false (or 1, or 0).")
        }
    }

    /// A log keeps no more.
    static func last(_ text: [UInt8]) throws(Problem) -> Int { try integer(text, "last", 0...1_000_000) }

    static func limit(_ text: [UInt8]) throws(Problem) -> Int { try integer(text, "limit", 1...10_000) }

    static func rate(_ text: [UInt8]) throws(Problem) -> Double? {
        if text.span.equals("null") { return nil }
        guard let value = Double(String(decoding: text, as: UTF8.self)) else { throw rateProblem }
        return try checkedRate(value)
    }

    static func checkedRate(_ value: Double) throws(Problem) -> Double {
        guard value.isFinite, value > 0 else { throw rateProblem }
        return value
    }

    static let rateProblem = Problem.badRequest(
        "\"maxRate\" must be a number above 0 (updates of a topic a second), or null for no limit.")
}

extension Cursor? {
    /// Whether what was presented can't even be read. It gets a reset like any other cursor, and for that nothing is left out.
    func isReset(_ presented: [UInt8]?) -> Bool { self == nil && !(presented ?? []).isEmpty }
}

extension SubscriberSettings {
    /// The largest body of a request to subscribe. It holds as many topics as one may subscribe to, each with the longest name, its
    /// quotes, a comma and a space.
    var requestByteCount: Int { subscriptionLimit * (TopicName.maximumByteCount + 4) + 4096 }

    /// The rate that is granted to a reader that asked for one.
    func granted(_ rate: Double?) -> Double? {
        maximumRate > 0 ? min(rate ?? maximumRate, maximumRate) : rate
    }
}
