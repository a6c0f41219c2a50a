/// What a publisher may say of an update: `ttl` and `at`, as members of it or as parameters of a `PUT`.
internal import Broker
internal import HTTP
internal import Primitives

extension UpdateOptions {
    /// Seconds: from a millisecond to a year.
    private static var lifetimes: ClosedRange<Double> { 0.001...31_536_000 }
    /// The last moment that a date of JavaScript's can be.
    private static var lastMoment: UInt64 { 8_640_000_000_000_000 }

    mutating func read(timeToLive text: Span<UInt8>) throws(Problem) {
        // `Double` reads hexadecimal too, which is no JSON.
        let isDecimal = !text.indices.contains {
            text[$0] == UInt8(ascii: "x") || text[$0] == UInt8(ascii: "X")
        }
        guard isDecimal, let seconds = Double(text.text), Self.lifetimes.contains(seconds) else {
            throw .badRequest("\"ttl\" must be a number of seconds, from 0.001 to 31536000.")
        }
        timeToLive = TimeToLive(Interval(nanoseconds: UInt64(seconds * 1e9)))
    }

    mutating func read(moment text: Span<UInt8>) throws(Problem) {
        guard let milliseconds = text.decimal, milliseconds <= Self.lastMoment else {
            throw .badRequest(
                "\"at\" must be a moment in whole milliseconds since 1970, from 0 to 8640000000000000, such as 1764000000123."
            )
        }
        moment = UnixTime(milliseconds: milliseconds)
    }

    /// Reads the parameters of a request.
    init(_ head: RequestHead) throws(Problem) {
        self.init()
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        for (name, value) in items {
            if name.span.equals("ttl") { try read(timeToLive: value.span) }
            if name.span.equals("at") { try read(moment: value.span) }
        }
    }
}
