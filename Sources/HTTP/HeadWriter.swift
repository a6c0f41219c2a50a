package import Primitives

/// Writes heads into a buffer: a first line, fields one by one, and the empty line that ends them.
///
///     buffer.append(statusLine: 200)
///     buffer.append(field: "Content-Type", "application/json")
///     buffer.append(contentLength: 2)
///     buffer.endFields()
///
/// A value cannot split a head: its control characters become spaces (RFC 9110 §5.5).
extension ByteBuffer {
    /// Appends `HTTP/1.1 200 OK`. A server says 1.1 to any request (RFC 9110 §6.2).
    package mutating func append(statusLine status: Int) {
        precondition(status >= 100 && status <= 999, "a status has three digits")
        append("HTTP/1.1 ")
        append(decimal: UInt64(status))
        append(ASCII.space)
        append(ReasonPhrase.of(status))
        append("\r\n")
    }

    /// Appends `GET /path HTTP/1.1`. Bytes that would end the target early are percent-encoded.
    package mutating func append(requestLine method: StaticString, target: String) {
        append(method)
        append(ASCII.space)
        for byte in target.utf8 {
            if byte <= ASCII.space || byte >= ASCII.delete || byte == UInt8(ascii: "#") {
                append(percentEscape: byte)
            } else {
                append(byte)
            }
        }
        append(" HTTP/1.1\r\n")
    }

    package mutating func append(field name: StaticString, _ value: StaticString) {
        beginField(name)
        let start = count
        append(value)
        endField(start)
    }

    @_disfavoredOverload
    package mutating func append(field name: StaticString, _ value: String) {
        beginField(name)
        let start = count
        append(value)
        endField(start)
    }

    package mutating func append(field name: StaticString, _ value: [UInt8]) {
        append(field: name, value.span)
    }

    package mutating func append(field name: StaticString, _ value: Span<UInt8>) {
        beginField(name)
        let start = count
        append(value)
        endField(start)
    }

    /// A field whose name is not known before the program runs.
    package mutating func append(fieldNamed name: String, _ value: [UInt8]) {
        precondition(Syntax.isToken(Array(name.utf8).span), "the name of a field is a token")
        append(name)
        append(": ")
        let start = count
        append(value)
        endField(start)
    }

    package mutating func append(field name: StaticString, decimal value: Int) {
        beginField(name)
        append(decimal: UInt64(value))
        append("\r\n")
    }

    package mutating func append(contentLength byteCount: Int) {
        append(field: "Content-Length", decimal: byteCount)
    }

    /// Appends the Date field; `unixSeconds` is when the message is sent.
    package mutating func append(dateField unixSeconds: UInt64) {
        beginField("Date")
        append(httpDate: unixSeconds)
        append("\r\n")
    }

    /// Appends the empty line that ends a head.
    package mutating func endFields() {
        append("\r\n")
    }

    private mutating func beginField(_ name: StaticString) {
        append(name)
        append(": ")
    }

    /// Makes the bytes since `start` harmless, and ends the line.
    private mutating func endField(_ start: Int) {
        replaceBytes(from: start, with: ASCII.space) { !Syntax.isFieldByte($0) }
        append("\r\n")
    }
}
