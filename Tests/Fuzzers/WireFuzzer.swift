// Promise: whatever a server sends to `tail` and `watch`, over any transport and in whatever pieces, the same events
// come of it, the same answers and the same failure at the end; only a cursor may be told sooner the finer the cuts, and
// never later than in one piece. What is told is sound: a value stands inside its line, and
// is one value. And of an open stream a wire leaves at most a frame's header or a control frame unread.
//
// The first byte of the input chooses the transport and how the rest is dressed as a server's bytes, the second where
// the cuts are.

import Client
import Primitives
import WebSocket

let sampleKey = Array("the sample nonce".utf8)  // The one of RFC 6455 §1.3.
let upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
let streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 2 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let kind = Kind.allCases[Int(start[0]) % Kind.allCases.count]
    let bytes = kind.dress(input, in: Int(start[0]) / Kind.allCases.count)
    let whole = Heard(bytes, over: kind, longest: .max, seed: start[1])
    for update in whole.updates { check(update) }
    for longest in longestPieces(seed: start[1]) {
        let inPieces = Heard(bytes, over: kind, longest: longest, seed: start[1])
        promise(
            inPieces.tells(whole, hasAllIDs: !takesIDsBack(bytes)),
            "pieces of up to \(longest) bytes say another thing:\n\(inPieces)\n\(whole)")
    }
    return 0
}

/// Whether an event stream has an empty ID: one that came before it in the same piece, and with no event, was never told.
func takesIDsBack(_ bytes: [UInt8]) -> Bool {
    bytes.split(whereSeparator: { $0 == ASCII.lineFeed || $0 == ASCII.carriageReturn }).contains { line in
        line.elementsEqual("id".utf8) || line.elementsEqual("id:".utf8) || line.elementsEqual("id: ".utf8)
    }
}

func check(_ update: Update) {
    promise(!update.topic.isEmpty && update.version > 0, "an update of nothing")
    guard let data = update.data else { return }
    promise(data.lowerBound >= 0 && data.upperBound <= update.line.count, "a value outside its line")
    let value = Array(update.line[data])
    var scanner = JSONScanner(value.span)
    let range = try? scanner.value()
    promise(range == 0..<value.count, "a value that is none, or has something around it")
}

// MARK: What a server may send

enum Kind: CaseIterable {
    case webSocket
    case eventStream
    case poll

    func makeWire() -> any SubscriptionWire {
        do throws(URLFailure) {
            let url = try GatewayURL("http://h")
            let subscription = SubscriptionRequest(topics: ["a/*"])
            return switch self {
            case .webSocket: WebSocketWire(subscription, at: url, keyBytes: sampleKey)
            case .eventStream: EventStreamWire(subscription, at: url)
            case .poll: PollWire(subscription, at: url)
            }
        } catch { broken("\(error)") }
    }

    /// The input as it stands; behind a head that opens the stream; or also in frames, chunks or answers.
    func dress(_ input: [UInt8], in dress: Int) -> [UInt8] {
        guard dress % 4 > 0 else { return input }
        var bytes = ByteBuffer()
        switch (self, dress % 4) {
        case (.webSocket, 1):
            bytes.append(upgraded)
            bytes.append(input)
        case (.webSocket, _):
            bytes.append(upgraded)
            for line in input.split(separator: ASCII.lineFeed) {
                bytes.append(line, inFrames: dress % 4 == 3)
            }
        case (.eventStream, 3):
            bytes.append(streamHead)
            bytes.append("Transfer-Encoding: chunked\r\n\r\n")
            for chunk in pieces(of: input, longest: 40, seed: 1) {
                bytes.append("\(String(chunk.count, radix: 16))\r\n")
                bytes.append(Array(chunk))
                bytes.append("\r\n")
            }
            bytes.append("0\r\n\r\n")
        case (.eventStream, _):
            bytes.append(streamHead)
            bytes.append("\r\n")
            bytes.append(input)
        case (.poll, _):
            for line in input.split(separator: ASCII.lineFeed) {
                bytes.append("HTTP/1.1 200 OK\r\nContent-Length: \(line.count)\r\n\r\n")
                bytes.append(Array(line))
            }
        }
        return bytes.bytes.array
    }
}

extension ByteBuffer {
    mutating func append(_ text: String) { append(Array(text.utf8)) }

    /// A message that is whole, or in two frames with a ping between them. What begins with a zero is a control frame.
    mutating func append(_ line: ArraySlice<UInt8>, inFrames: Bool) {
        let message = repaired(Array(line))
        guard line.first != 0 else { return append(frame: .ping, payload: Array(line.prefix(125)).span) }
        guard inFrames else { return append(frame: .text, payload: message.span) }
        let half = message.count / 2
        append(frame: .text, payload: Array(message[..<half]).span, isFinal: false)
        append(frame: .ping, payload: Array("?".utf8).span)
        append(frame: .continuation, payload: Array(message[half...]).span)
    }
}

// MARK: What is heard

/// What a wire says of a server's bytes.
struct Heard {
    /// Without the cursors and the delays for retries, each of which outlives events.
    private(set) var events: [WireEvent] = []
    /// The cursors known before each event: the one from before the event in front, then those told in between.
    private(set) var cursors: [[[UInt8]]] = [[[]]]
    /// The delay for retries as of each event, and at the end.
    private(set) var retries: [UInt64?] = []
    private(set) var failure: ClientFailure?
    /// What was answered, without the masks, which are random.
    private(set) var said: [[UInt8]] = []

    /// Whether all is told that `other`, which got the same bytes in fewer pieces, tells. What stands between two events
    /// may be told sooner; so the cursors known there are at least its last one, and the same at the end, unless the end
    /// came in the middle of a piece.
    func tells(_ other: Heard, hasAllIDs: Bool) -> Bool {
        guard events == other.events, retries == other.retries, failure == other.failure, said == other.said
        else { return false }
        guard hasAllIDs else { return true }
        if case .lost? = failure, cursors.last?.last != other.cursors.last?.last { return false }
        return zip(cursors, other.cursors).allSatisfy { own, fewer in fewer.last.map(own.contains) == true }
    }

    var updates: [Update] {
        events.compactMap { if case .update(let update) = $0 { update } else { nil } }
    }

    init(_ bytes: [UInt8], over kind: Kind, longest: Int, seed: UInt8) {
        let wire = kind.makeWire()
        var input = ByteBuffer()
        var output = ByteBuffer()
        var events: [WireEvent] = []
        wire.request(after: nil, into: &output)
        output.removeAll()
        do throws(ClientFailure) {
            for piece in pieces(of: bytes, longest: longest, seed: seed) {
                input.append(Array(piece))
                try receive(wire, &input, &events, &output)
                if kind == .eventStream, case .subscribed? = events.first {
                    promise(input.isEmpty, "an open stream is left unread")
                }
                if kind == .webSocket, case .subscribed? = events.first {
                    promise(input.count < 14 + 125, "an open stream is left unread")
                }
            }
            try wire.ended(into: &events)
        } catch { failure = error }
        note(events)
        said = unmasked(output)
    }

    /// Reads what has come, and asks again after each answer to a poll, as `SubscriptionStream` does.
    private func receive(
        _ wire: any SubscriptionWire, _ input: inout ByteBuffer, _ events: inout [WireEvent],
        _ output: inout ByteBuffer
    ) throws(ClientFailure) {
        while true {
            var heard: [WireEvent] = []
            defer { events += heard }
            try wire.receive(&input, into: &heard, answering: &output)
            guard case .answered? = heard.last, wire.isReusable else { return }
            var question = ByteBuffer()
            wire.request(after: nil, into: &question)
        }
    }

    private mutating func note(_ told: [WireEvent]) {
        var retry: UInt64?
        for event in told {
            switch event {
            case .cursor(let cursor): cursors[cursors.count - 1].append(cursor)
            case .retry(let milliseconds): retry = milliseconds
            default:
                events.append(event)
                retries.append(retry)
                cursors.append(cursors.last.map { $0.suffix(1) } ?? [])
            }
        }
        retries.append(retry)
    }
}

/// The frames in `output`, read as the server reads them.
func unmasked(_ output: borrowing ByteBuffer) -> [[UInt8]] {
    var reader = MessageReader(role: .server)
    var bytes = output.bytes.array
    var said: [[UInt8]] = []
    bytes.withUnsafeMutableBufferPointer { buffer in
        var rest = buffer
        while true {
            do throws(WebSocketFailure) {
                let step = try reader.next(rest)
                if step.isWaiting { break }
                switch step.event {
                case .pong(let range)?: said.append([10] + rest[range])
                case .close(let code, let reason)?: said.append(Array("\(code ?? 0) ".utf8) + rest[reason])
                default: broken("a wire says only pongs and a close")
                }
                rest = UnsafeMutableBufferPointer(rebasing: rest[step.consumed...])
            } catch { broken("an answer that is no frame: \(error)") }
        }
        promise(rest.isEmpty, "half a frame was answered")
    }
    return said
}
