package import Primitives

/// Writing an event stream (`text/event-stream`, WHATWG HTML §9.2) into a buffer.
extension ByteBuffer {
    /// Appends one event; nil for the default type, nil for no `id:` line.
    ///
    /// A line break in `data` begins a further `data:` line, so nothing in it can end the event or forge a field.
    package mutating func append(eventNamed name: StaticString?, id: Span<UInt8>?, data: Span<UInt8>) {
        if let name {
            append("event: ")
            append(name)
            append(ASCII.lineFeed)
        }
        if let id { append(idLine: id) }
        append("data: ")
        if data.hasLineBreak {
            appendLines(of: data)
        } else {
            append(data)
        }
        append("\n\n")
    }

    /// Appends how long the reader waits before it connects again. The line belongs to the block that follows: readers act on
    /// it as it comes, and take a block of its own for an empty event where they are not strict.
    package mutating func append(retryMilliseconds milliseconds: Int) {
        append("retry: ")
        append(decimal: UInt64(max(milliseconds, 0)))
        append(ASCII.lineFeed)
    }

    /// Appends a comment line, which readers ignore, as part of the block that follows.
    package mutating func append(comment: StaticString) {
        append(": ")
        append(comment)
        append(ASCII.lineFeed)
    }

    /// Leaves out the bytes that an ID cannot hold: line breaks and NUL.
    private mutating func append(idLine id: Span<UInt8>) {
        append("id: ")
        for index in id.indices where id[index] >= ASCII.space { append(id[index]) }
        append(ASCII.lineFeed)
    }

    /// Starts a line at every CR, LF and CRLF, as the reader will. The reader joins the lines with LF.
    private mutating func appendLines(of data: Span<UInt8>) {
        var start = 0
        var index = 0
        while index < data.count {
            let byte = data[index]
            index += 1
            guard byte == ASCII.lineFeed || byte == ASCII.carriageReturn else { continue }
            append(data.extracting(start..<(index - 1)))
            append("\ndata: ")
            if byte == ASCII.carriageReturn, index < data.count, data[index] == ASCII.lineFeed { index += 1 }
            start = index
        }
        append(data.extracting(start..<data.count))
    }
}

extension Span<UInt8> {
    /// Whether a CR or LF is among these bytes. The loop has no early exit, so the compiler checks many bytes at
    /// once.
    fileprivate var hasLineBreak: Bool {
        var found = false
        for index in indices {
            let byte = self[index]
            found = found || (byte == ASCII.lineFeed) || (byte == ASCII.carriageReturn)
        }
        return found
    }
}
