// Invariant: any bytes are a head, the beginning of one, or refused; and what they are does not depend on how they
// were cut. No head is accepted that a simple, slow reader of RFC 9112 would frame differently; no decoder takes
// more than it was given; an event stream reads the same in any pieces, and what is written is read back.
//
// The first byte of an input chooses the reader, the second the size of the pieces; the rest are the bytes.

import HTTP
import Primitives

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 2 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let pieceByteCount = Int(start[1] % 16) + 1
    switch start[0] % 6 {
    case 0: fuzzRequest(input, pieceByteCount)
    case 1: fuzzResponse(input, pieceByteCount)
    case 2: fuzzBody(input, pieceByteCount)
    case 3: fuzzEventStream(input, pieceByteCount)
    case 4: fuzzWriters(input)
    default: fuzzRequest(composed(input), pieceByteCount)
    }
    return 0
}

// MARK: Heads

/// What a parser made of its bytes.
enum Outcome: Equatable {
    case incomplete
    case head(byteCount: Int, framing: BodyFraming, path: [UInt8])
    case refused(Int)
}

/// Limits so small that inputs reach them.
let limits = RequestLimits(requestLineByteCount: 200, headerByteCount: 600, headerFieldCount: 12)

func fuzzRequest(_ input: [UInt8], _ pieceByteCount: Int) {
    func outcome(step: Int) -> Outcome {
        var parser = RequestParser(limits: limits)
        var given = 0
        while given < input.count {
            given = min(given + step, input.count)
            do throws(HTTPFailure) {
                guard let (head, byteCount) = try parser.parse(input.span.extracting(0..<given)) else {
                    continue
                }
                precondition(byteCount <= given, "took more than was given")
                touch(head)
                return .head(byteCount: byteCount, framing: head.bodyFraming, path: head.path)
            } catch { return .refused(error.status) }
        }
        precondition(parser.scannedByteCount == input.count, "looked at a byte twice")
        return .incomplete
    }
    let whole = outcome(step: max(input.count, 1))
    precondition(whole == outcome(step: pieceByteCount), "the pieces made a difference")
    if case .head(let byteCount, let framing, _) = whole {
        checkFraming(Array(input[..<byteCount]), framing)
    }
}

/// A request whose every part is one of a list: combinations that single bytes would take long to spell.
func composed(_ choices: [UInt8]) -> [UInt8] {
    let parts = [
        "Content-Length: 5", "Content-Length: 0", "Content-Length:", "5", ", ", ",",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: ", "chunked", "identity", "gzip", "Host: a", "Connection: close",
        "Expect: 100-continue",
        ":", " ", "\t", "\r", "\n", "\r\n", "\r\n", "\r\n", "\r\n\r\n", "\u{00}", "\"", "\\", ";", "X",
        "x: y", "+", "-",
        "é",
    ]
    let versions = ["1.1", "1.1", "1.0", "1.9", "2.0"]
    var text = "POST / HTTP/\(versions[Int(choices.first ?? 0) % versions.count])\r\nHost: b\r\n"
    for choice in choices.dropFirst().prefix(40) { text += parts[Int(choice) % parts.count] }
    return Array("\(text)\r\n\r\n".utf8)
}

/// Everything that a gateway may ask a head for.
func touch(_ head: RequestHead) {
    precondition(head.bodyFraming != .untilClose, "a request cannot end with its connection")
    precondition(!head.path.isEmpty, "a path is never empty")
    _ = (head.decodedPath, head.queryItems(), head.preferredWait, head.methodName)
    _ = head.ifNoneMatch?.covers([97])
    if case .tags(let tags)? = head.ifNoneMatch { for tag in tags { _ = tag.originals(upTo: 64) } }
    _ = (head.authority, head.fields.all, head.hasToken("upgrade", in: "Connection"))
}

/// A second opinion, by string splitting: an accepted head must be framed as the plainest reader would.
func checkFraming(_ head: [UInt8], _ framing: BodyFraming) {
    let text = head.map { Character(Unicode.Scalar(ASCII.lowercased($0))) }
    precondition(!text.contains("\u{00}"), "NUL was accepted")
    var lengths: [String] = []
    var codings: [String] = []
    var line = ""
    for character in text {
        guard character == "\n" else {
            line.append(character)
            continue
        }
        precondition(line.last == "\r" && line.dropLast().allSatisfy { $0 != "\r" }, "a bare line end passed")
        let value = line.drop { $0 != ":" }.dropFirst().filter { $0 != " " && $0 != "\t" && $0 != "\r" }
        if line.hasPrefix("content-length:") { lengths.append(String(value)) }
        if line.hasPrefix("transfer-encoding:") { codings.append(String(value)) }
        line = ""
    }
    switch framing {
    case .none: precondition(lengths.isEmpty && codings.isEmpty, "a body was overlooked")
    case .length(let length):
        precondition(codings.isEmpty && lengths.count == 1 && Int(lengths[0]) == length, "wrong length")
    case .chunked: precondition(lengths.isEmpty && codings == ["chunked"], "smuggled past the chunks")
    case .untilClose: preconditionFailure("a request cannot end with its connection")
    }
}

func fuzzResponse(_ input: [UInt8], _ pieceByteCount: Int) {
    func outcome(step: Int) -> Outcome {
        var parser = ResponseParser(limits: limits)
        var given = 0
        while given < input.count {
            given = min(given + step, input.count)
            do throws(HTTPFailure) {
                guard let (head, byteCount) = try parser.parse(input.span.extracting(0..<given)) else {
                    continue
                }
                precondition(byteCount <= given, "took more than was given")
                for field in head.fields.all {
                    precondition(!field.value.contains(10) && !field.value.contains(13), "a fold was left")
                }
                return .head(byteCount: byteCount, framing: head.bodyFraming, path: [])
            } catch { return .refused(error.status) }
        }
        return .incomplete
    }
    let whole = outcome(step: max(input.count, 1))
    precondition(whole == outcome(step: pieceByteCount), "the pieces made a difference")
}

// MARK: Bodies

func fuzzBody(_ input: [UInt8], _ pieceByteCount: Int) {
    let framings: [BodyFraming] = [.chunked, .chunked, .length(input.count / 2), .untilClose, .none]
    let framing = framings[pieceByteCount % framings.count]
    let limit = pieceByteCount > 8 ? 64 : nil

    /// The content, how much was consumed in all, and the status of a refusal (0: ended, 1: wants more).
    func outcome(step: Int) -> (content: [UInt8], consumed: Int, status: Int) {
        var decoder = BodyDecoder(framing, byteCountLimit: limit)
        var content: [UInt8] = []
        var position = 0
        var given = 0
        repeat {
            given = min(given + step, input.count)
            while true {
                let rest = input.span.extracting(position..<given)
                do throws(HTTPFailure) {
                    let step = try decoder.next(rest)
                    precondition(step.consumed <= rest.count, "took more than was given")
                    precondition(step.content.upperBound <= step.consumed, "content behind what was taken")
                    content += rest.extracting(step.content).array
                    position += step.consumed
                    if step.isEnd { return (content, position, 0) }
                    if step.consumed == 0 { break }
                } catch { return (content, -1, error.status) }
            }
            precondition(position == given, "a decoder that wants more left bytes")
        } while given < input.count
        return (content, position, 1)
    }
    let whole = outcome(step: max(input.count, 1))
    let pieces = outcome(step: pieceByteCount)
    precondition(
        whole.status == pieces.status && whole.consumed == pieces.consumed, "the pieces made a difference")
    // What was passed on before a refusal may differ: a limit is noticed per run of content.
    if whole.status < 2 { precondition(whole.content == pieces.content, "the pieces changed the content") }
    if let limit { precondition(whole.content.count <= limit, "the limit was passed") }
}

// MARK: Event streams

func fuzzEventStream(_ input: [UInt8], _ pieceByteCount: Int) {
    func read(step: Int) -> [EventStreamParser.Event] {
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        for start in stride(from: 0, to: input.count, by: step) {
            parser.append(input.span.extracting(start..<min(start + step, input.count)))
            do throws(EventStreamParser.Overflow) {
                while let event = try parser.next() { events.append(event) }
            } catch { preconditionFailure("a short input cannot overflow") }
        }
        return events
    }
    precondition(
        read(step: max(input.count, 1)) == read(step: pieceByteCount), "the pieces made a difference")
}

// MARK: Writers

func fuzzWriters(_ input: [UInt8]) {
    var head = ByteBuffer()
    head.append(statusLine: 204)
    head.append(field: "X", input)
    head.endFields()
    var parser = ResponseParser(limits: .init(headerByteCount: 1 << 16))
    do throws(HTTPFailure) {
        let parsed = try parser.parse(head.bytes)
        precondition(
            parsed?.byteCount == head.count && parsed?.head.fields.count == 1, "a value split the head")
    } catch { preconditionFailure("what was written was refused: \(error)") }

    var stream = ByteBuffer()
    stream.append(eventNamed: "x", id: input.span, data: input.span)
    var reader = EventStreamParser()
    reader.append(stream.bytes)
    do throws(EventStreamParser.Overflow) {
        let event = try reader.next()
        precondition(event?.type == "x", "data forged a field")
        let rest = try reader.next()
        precondition(rest == nil, "data forged an event")
    } catch { preconditionFailure("a short event cannot overflow") }

    var escaped = ByteBuffer()
    escaped.append(percentEncoded: input.span)
    precondition(PercentCoding.decoded(escaped.bytes) == input, "an escape changed a byte")
}
