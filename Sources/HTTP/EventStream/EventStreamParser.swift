import Primitives

/// Reads an event stream as a client does (WHATWG HTML §9.2.6), from bytes cut anywhere.
///
/// Append the bytes that were read, then take events until there is none.
package struct EventStreamParser: ~Copyable {
    /// One dispatched event.
    package struct Event: Sendable, Equatable {
        /// `message` unless the stream named another.
        package var type: String
        /// The data lines, joined with LF.
        package var data: [UInt8]
        /// The last event ID when this event was dispatched.
        package var lastEventID: [UInt8]
        /// The reconnection time when this event was dispatched, if the stream had set one.
        package var retryMilliseconds: Int?
    }

    /// An event or a line is longer than this parser holds.
    package struct Overflow: Error, Sendable, Equatable, CustomStringConvertible {
        package let byteCountLimit: Int

        package var description: String {
            "an event of the stream exceeds \(byteCountLimit) bytes; raise the limit or ask for less"
        }
    }

    private let byteCountLimit: Int
    private var buffer = ByteBuffer()
    /// How many of the buffer's bytes are known to hold no line end.
    private var scanned = 0
    /// Whether the last line ended in a CR. A LF right behind it belongs to the same line end.
    private var skipsLineFeed = false
    private var pending = PendingEvent()

    /// Lines read, comments and blank ones included: signs of life even without events.
    package private(set) var lineCount = 0

    /// A parser that holds at most `byteCountLimit` bytes of one event.
    package init(byteCountLimit: Int = 1 << 20) {
        self.byteCountLimit = byteCountLimit
    }

    /// The Last-Event-ID that the client sends when it reconnects. Every block with an ID moves it on, even one that
    /// dispatches no event.
    package var lastEventID: [UInt8] { pending.lastEventID }

    /// The reconnection time, if the stream has set one.
    package var retryMilliseconds: Int? { pending.retryMilliseconds }

    /// Appends bytes of the stream. Call `next` afterwards until it returns nil.
    package mutating func append(_ bytes: Span<UInt8>) {
        buffer.append(bytes)
    }

    /// The next complete event; nil when more bytes are needed.
    package mutating func next() throws(Overflow) -> Event? {
        while let end = nextLineEnd() {
            let event = pending.readLine(of: buffer, end, isFirst: lineCount == 0)
            lineCount += 1
            buffer.consume(end + 1)
            try checkSize(0)
            if let event { return event }
        }
        try checkSize(buffer.count)
        return nil
    }

    private func checkSize(_ lineByteCount: Int) throws(Overflow) {
        if pending.byteCount + lineByteCount > byteCountLimit {
            throw Overflow(byteCountLimit: byteCountLimit)
        }
    }

    /// Where in the buffer the next line ends. Skips a LF that belongs to the CR before it.
    private mutating func nextLineEnd() -> Int? {
        if skipsLineFeed, !buffer.isEmpty {
            skipsLineFeed = false
            if buffer.bytes[0] == ASCII.lineFeed { buffer.consume(1) }
        }
        var index = scanned
        while index < buffer.count {
            let byte = buffer.bytes[index]
            if byte == ASCII.lineFeed || byte == ASCII.carriageReturn {
                scanned = 0
                skipsLineFeed = byte == ASCII.carriageReturn
                return index
            }
            index += 1
        }
        scanned = index
        return nil
    }
}

/// The state of the current block, and the fields that outlive it.
private struct PendingEvent {
    private var type: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var id: [UInt8] = []
    private(set) var lastEventID: [UInt8] = []
    private(set) var retryMilliseconds: Int?

    var byteCount: Int { type.count + data.count + id.count }

    /// Acts on the buffer's first line, which ends at `end`. Returns an event if it is the blank line that dispatches
    /// one.
    mutating func readLine(
        of buffer: borrowing ByteBuffer, _ end: Int, isFirst: Bool
    ) -> EventStreamParser.Event? {
        let line = buffer.bytes.extracting(0..<end)
        var start = 0
        // A byte order mark may open the stream.
        if isFirst, end >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF { start = 3 }
        if start == line.count { return dispatch() }
        var colon = start
        while colon < line.count, line[colon] != ASCII.colon { colon += 1 }
        var valueStart = min(colon + 1, line.count)
        if valueStart < line.count, line[valueStart] == ASCII.space { valueStart += 1 }
        readField(line.extracting(start..<colon), line.extracting(valueStart..<line.count))
        return nil
    }

    private mutating func readField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        if name.equals("data") {
            if hasData { data.append(ASCII.lineFeed) }
            hasData = true
            data.append(contentsOf: value.array)
        } else if name.equals("event") {
            type = value.array
        } else if name.equals("id") {
            let stated = value.array
            if !stated.contains(0) { id = stated }
        } else if name.equals("retry") {
            if let milliseconds = value.decimal { retryMilliseconds = Int(clamping: milliseconds) }
        }
    }

    private mutating func dispatch() -> EventStreamParser.Event? {
        lastEventID = id
        defer {
            type = []
            data = []
            hasData = false
        }
        guard hasData else { return nil }
        return EventStreamParser.Event(
            type: type.isEmpty ? "message" : type.span.text, data: data, lastEventID: lastEventID,
            retryMilliseconds: retryMilliseconds)
    }
}
