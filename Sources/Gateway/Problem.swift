/// A refusal of a request or a message: the fault and its remedy, for HTTP and WebSocket alike.
internal import Broker
internal import HTTP
internal import Primitives

package struct Problem: Error {
    /// The HTTP status; a WebSocket `error` message carries only code and detail.
    let status: Int
    let code: String
    package let detail: String
    /// For 405: the methods that are allowed.
    var allowed: StaticString?
    /// For 401: how to show who one is (RFC 9110 §11.6.1).
    var challenge: StaticString?
    /// For 429 and 503: seconds.
    let retryAfter: Int
    /// For 403: the topics and patterns that were refused.
    var topics: [[UInt8]] = []
    /// For 412: what was found.
    var conflict: VersionConflict?

    init(_ status: Int, _ code: String, _ detail: String, retryAfter: Int = 1) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// All that may stand in `code` (docs/protocol.md, section 7).
    static let codes = [
        "bad_request", "invalid_json", "invalid_topic", "invalid_cursor", "unauthenticated", "forbidden",
        "not_found", "method_not_allowed", "conflict", "payload_too_large", "too_many_topics", "rate_limited",
        "overloaded", "draining", "misdirected", "internal",
    ]

    /// Those of them that say that a limit of the configuration was reached.
    static let limits: Set = ["payload_too_large", "too_many_topics", "rate_limited"]

    static func badRequest(_ detail: String) -> Problem { Problem(400, "bad_request", detail) }
    static func invalidJSON(_ detail: String) -> Problem { Problem(400, "invalid_json", detail) }

    /// `wait` is in milliseconds.
    static func draining(wait: Int) -> Problem {
        Problem(
            503, "draining", "This gateway is shutting down; connect again to another.",
            retryAfter: seconds(wait))
    }

    static func full(wait: Int) -> Problem {
        Problem(
            503, "overloaded", "No more connections can be had; try again later.", retryAfter: seconds(wait))
    }

    /// Milliseconds as `Retry-After` says them.
    static func seconds(_ milliseconds: Int) -> Int { (milliseconds + 999) / 1000 }

    static let needsTLS = badRequest(
        "This port speaks TLS: use https:// or wss:// in place of http:// or ws://.")

    /// What came begins as the first record of a handshake does (RFC 8446 §5.1).
    static let needsNoTLS = badRequest(
        "This port speaks no TLS: use http:// or ws:// in place of https:// or wss://.")

    static func notAllowed(_ methods: StaticString) -> Problem {
        var problem = Problem(405, "method_not_allowed", "Here only \(methods) can be used.")
        problem.allowed = methods
        return problem
    }

    static func bodyTooLarge(_ limit: Int) -> Problem {
        Problem(413, "payload_too_large", "The body may have \(limit) bytes at most.")
    }

    static func tooManyCovered(_ limit: Int) -> Problem {
        Problem(
            400, "too_many_topics",
            "The patterns of this connection cover more than \(limit) topics; name narrower ones.")
    }

    static func tooManyTopics(_ limit: Int) -> Problem {
        Problem(
            400, "too_many_topics",
            "A connection may subscribe to \(limit) topics and patterns; use patterns.")
    }

    /// At most so many refused topics are named.
    static let refusedTopicLimit = 20

    /// The peer lacks a right; `topics` lie outside of it.
    static func forbidden(_ right: String, _ topics: [[UInt8]]) -> Problem {
        let named =
            topics.prefix(3).map { $0.span.text }.joined(separator: ", ") + (topics.count > 3 ? ", …" : "")
        var problem = Problem(
            403, "forbidden",
            "The right \"\(right)\" is missing\(topics.isEmpty ? "" : ", or does not cover \(named)").")
        problem.topics = Array(topics.prefix(refusedTopicLimit))
        return problem
    }

    /// A page of another origin reads or publishes nothing.
    static func foreign(_ origin: String) -> Problem {
        Problem(
            403, "forbidden",
            "Pages of \(origin) may not read or publish here; \"access.origins\" lets others in.")
    }

    /// The request is for somebody else (RFC 9110 §15.5.20).
    static func misdirected(_ host: String) -> Problem {
        Problem(
            421, "misdirected", "This gateway does not answer to the host \"\(host)\"; see \"access.hosts\".")
    }

    /// The gateway holds as much for its clients as it may.
    static func overloaded(retryAfter seconds: Int) -> Problem {
        Problem(
            503, "overloaded",
            "The gateway holds as much for its clients as it may (\"memory.clientBytes\"); try again in \(seconds) s.",
            retryAfter: seconds)
    }

    /// The cursor is of a gateway that is further. `wait` is in milliseconds.
    static func behind(wait: Int) -> Problem {
        Problem(
            503, "overloaded",
            "This gateway is behind the others that share its log, and does not know the cursor yet; another one may.",
            retryAfter: seconds(wait))
    }

    /// The log may have taken the updates or not.
    static let unknownOutcome = Problem(
        503, "overloaded",
        "The outcome is not known yet, and the wait was too long: the update may or may not be taken.")

    /// `wait` is how long until more is taken.
    static func tooMany(
        _ things: String, _ rate: Double, of whom: String, _ setting: String, wait: Duration
    ) -> Problem {
        let seconds = max(Int(min(wait.inSeconds, 1e9).rounded(.up)), 1)
        return Problem(
            429, "rate_limited",
            "More than \(told(rate)) \(things) a second of \(whom) (\"\(setting)\"); go on in \(seconds) s.",
            retryAfter: seconds)
    }

    static func tooManyPending(_ limit: Int) -> Problem {
        Problem(
            429, "rate_limited",
            "\(limit) subscriptions wait for their \"live\"; wait for some, or raise the pace.")
    }

    static func tooManyMessages(_ rate: Double) -> Problem {
        Problem(
            429, "rate_limited",
            "More than \(told(rate)) messages a second; send less, or many updates in one.")
    }

    /// A rate as the configuration has it.
    static func told(_ rate: Double) -> String {
        rate.rounded() == rate ? String(Int(rate)) : rate.description
    }

    init(_ failure: HTTPFailure) {
        let advice = failure.status == 414 ? ", or POST many topics as JSON to /sse and /poll" : ""
        self.init(failure.status, failure.code, failure.detail + advice)
    }

    init(_ failure: TopicFailure) {
        self.init(400, "invalid_topic", "\(failure).")
    }

    init(_ failure: PublishFailure) {
        switch failure {
        case .tooManyTopics: self.init(429, "too_many_topics", "\(failure).")
        case .unavailable, .restoring: self.init(503, "overloaded", "\(failure).")
        case .conflict(let conflict):
            self.init(412, "conflict", "\(failure).")
            self.conflict = conflict
        case .keyReused: self.init(422, "bad_request", "\(failure).")
        }
    }

    init(_ failure: JSONFailure) {
        self.init(400, "invalid_json", "The JSON is broken \(failure).")
    }
}

extension ByteBuffer {
    /// Appends the RFC 9457 object; `extra` members come last.
    mutating func append(_ problem: Problem, extra: KeyValuePairs<StaticString, UInt64> = [:]) {
        append("{\"type\":\"about:blank\",\"title\":\"")
        append(ReasonPhrase.of(problem.status))
        append("\",\"status\":")
        append(decimal: UInt64(problem.status))
        append(",\"detail\":")
        append(jsonString: problem.detail)
        append(",\"code\":")
        append(jsonString: problem.code)
        append(membersOf: problem)
        for (name, value) in extra {
            append(",\"")
            append(name)
            append("\":")
            append(decimal: value)
        }
        append("}\n")
    }

    /// `,"topics":[…]`, where some were refused; `,"version":…,"index":…`, where an update was for another version.
    mutating func append(membersOf problem: Problem) {
        if let conflict = problem.conflict {
            append(",\"version\":")
            append(decimal: conflict.version)
            append(",\"index\":")
            append(decimal: UInt64(conflict.update))
        }
        guard !problem.topics.isEmpty else { return }
        append(",\"topics\":[")
        for (place, topic) in problem.topics.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(jsonString: topic.span)
        }
        append(ASCII.closeBracket)
    }
}
