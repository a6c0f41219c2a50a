/// Turns a subscription's events into lines: updates, and what is stale, go to standard output, all else to standard error.
internal import Client
internal import Glibc
internal import Primitives

struct UpdatePrinter: ~Copyable {
    /// The command's name, which begins each line on standard error.
    private let command: String
    private let isJSON: Bool
    private let isColoured = Console.wantsColour(STDOUT_FILENO)
    private var output = ByteBuffer()
    /// How many updates to print still; nil for no limit.
    private var remaining: Int?
    /// Covers only printed updates.
    private(set) var cursor: [UInt8]?
    private var wasConnected = false

    init(for command: String, isJSON: Bool, remaining: Int?, cursor: [UInt8]?) {
        self.command = command
        self.isJSON = isJSON
        self.remaining = remaining
        self.cursor = cursor
    }

    var isDone: Bool { remaining == 0 }

    /// Prints one batch with one write. After the last wanted update it still takes a cursor, if that follows
    /// directly.
    mutating func print(_ events: [SubscriptionEvent]) throws {
        for event in events {
            if isDone, !event.isCursor { break }
            try print(event)
        }
        try Console.flush(&output)
    }

    private mutating func print(_ event: SubscriptionEvent) throws {
        switch event {
        case .update(let update, _):
            remaining = remaining.map { $0 - 1 }
            if isJSON {
                output.append(update.line)
                output.append(ASCII.lineFeed)
            } else {
                output.append(update, isColoured: isColoured)
            }
        case .cursor(let cursor): self.cursor = cursor
        case .stale(let staleness): output.append(staleness, isJSON: isJSON, isColoured: isColoured)
        case .live, .heartbeat: break
        case .away(true): try note("the gateway has lost the stream of updates; what it says may be behind")
        case .away(false): try note("the gateway has the stream of updates again")
        case .connected(let transport):
            if wasConnected { try note("connected again over \(transport.rawValue)") }
            wasConnected = true
        case .reset:
            cursor = nil
            try note("reset: forget what came before; a full snapshot follows")
        case .gap(let gap):
            let missed = gap.missed.map { "\($0) updates" } ?? "some updates"
            try note("gap: \(missed) of \(gap.topic.span.text) are gone; version \(gap.next) follows")
        case .error(let code, let message): try note("error \(code): \(message)")
        case .disconnected(.stopped, _): break
        case .disconnected(let failure, let delay):
            guard let delay else { return try note("\(failure)") }
            let tenths = Int((delay.inSeconds * 10).rounded())
            try note("\(failure); trying again in \(tenths / 10).\(tenths % 10) s")
        }
    }

    /// Prints a state line on standard error, after the updates that came before it.
    private mutating func note(_ text: String) throws {
        try Console.flush(&output)
        Console.note("tidegate \(command): \(text)")
    }
}

extension SubscriptionEvent {
    fileprivate var isCursor: Bool {
        if case .cursor = self { return true }
        return false
    }
}

extension ByteBuffer {
    /// Appends `09:30:00.123  stocks/AAPL  v7  {"price":189.3}` and a line feed.
    fileprivate mutating func append(_ update: Update, isColoured: Bool) {
        append(update.time, update.topic, isColoured: isColoured)
        append("  v")
        append(decimal: update.version)
        append("  ")
        if isColoured { append(update.isTombstone ? "\u{1B}[0m\u{1B}[31m" : "\u{1B}[0m") }
        if let data = update.data {
            append(printable: update.line.span.extracting(data))
        } else {
            append(update.isExpired ? "expired" : "deleted")
            if isColoured { append("\u{1B}[0m") }
        }
        append(ASCII.lineFeed)
    }

    /// Appends `{"type":"stale","topic":"stocks/AAPL","since":1764000030123}` or `09:30:30.123  stocks/AAPL  stale`, and a line
    /// feed.
    fileprivate mutating func append(_ staleness: Staleness, isJSON: Bool, isColoured: Bool) {
        if isJSON {
            append("{\"type\":\"stale\",\"topic\":")
            append(jsonString: staleness.topic.span)
            append(",\"since\":")
            append(decimal: staleness.since)
            append("}\n")
            return
        }
        append(staleness.since, staleness.topic, isColoured: isColoured)
        append("  stale")
        if isColoured { append("\u{1B}[0m") }
        append(ASCII.lineFeed)
    }

    /// Appends a moment and a topic. What follows is dim where there are colours.
    private mutating func append(_ milliseconds: UInt64, _ topic: [UInt8], isColoured: Bool) {
        if isColoured { append("\u{1B}[2m") }
        append(timeOfDay: milliseconds)
        if isColoured { append("\u{1B}[0m") }
        append("  ")
        if isColoured { append("\u{1B}[36m") }
        append(printable: topic.span)
        if isColoured { append("\u{1B}[0m\u{1B}[2m") }
    }

    /// Appends `HH:MM:SS.mmm` in local time.
    private mutating func append(timeOfDay milliseconds: UInt64) {
        var seconds = time_t(milliseconds / 1000)
        var local = tm()
        localtime_r(&seconds, &local)
        append(UInt64(local.tm_hour), digitCount: 2)
        append(ASCII.colon)
        append(UInt64(local.tm_min), digitCount: 2)
        append(ASCII.colon)
        append(UInt64(local.tm_sec), digitCount: 2)
        append(ASCII.period)
        append(milliseconds % 1000, digitCount: 3)
    }

    private mutating func append(_ value: UInt64, digitCount: Int) {
        _ = appendUnsafe(upTo: digitCount) { space in
            guard let base = space.baseAddress else { return 0 }
            writeDecimal(value, digitCount: digitCount, to: base)
            return digitCount
        }
    }
}
