import HTTP
import Primitives
import TestSupport
import Testing

struct EventStreamTests {
    typealias Event = EventStreamParser.Event

    /// Everything that a reader sees of a stream given in `pieces`.
    private func read(
        _ pieces: [[UInt8]], limit: Int = 1 << 20
    ) throws -> (events: [Event], lastEventID: String, retry: Int?) {
        var parser = EventStreamParser(byteCountLimit: limit)
        var events: [Event] = []
        for piece in pieces {
            parser.append(piece.span)
            while let event = try parser.next() { events.append(event) }
        }
        return (events, parser.lastEventID.span.text, parser.retryMilliseconds)
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        let text: String
        /// Type, data and last event ID of each event.
        let events: [[String]]
        var lastEventID = ""
        var retry: Int?
        var testDescription: String { text.debugDescription }
    }

    // The examples of WHATWG HTML §9.2.6, and its corner cases.
    static let vectors: [Vector] = [
        Vector(
            text: "data: YHOO\ndata: +2\ndata: 10\n\n", events: [["message", "YHOO\n+2\n10", ""]]),
        Vector(
            text:
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            events: [["message", "first event", "1"], ["message", "second event", ""]]),
        Vector(
            text: "data\n\ndata\ndata\n\ndata:", events: [["message", "", ""], ["message", "\n", ""]]),
        Vector(
            text: "data:test\n\ndata: test\n\n", events: [["message", "test", ""], ["message", "test", ""]]),
        Vector(
            text: "event: add\ndata: 73857293\n\nevent: remove\r\ndata: 2153\r\n\r\nevent:\rdata: 1\r\r",
            events: [["add", "73857293", ""], ["remove", "2153", ""], ["message", "1", ""]]),
        Vector(text: "\u{FEFF}data: bom\n\n", events: [["message", "bom", ""]]),
        Vector(text: "\u{FEFF}\u{FEFF}data: bom\n\ndata: x\n\n", events: [["message", "x", ""]]),
        Vector(
            text: "id: a\n\nid: b\u{00}c\ndata: x\n\nid: unfinished\n", events: [["message", "x", "a"]],
            lastEventID: "a"),
        Vector(text: "id: only\n\n", events: [], lastEventID: "only"),
        Vector(text: "retry: 2000\n\nretry: 5s\nretry:\nretry: -1\n", events: [], retry: 2000),
        Vector(text: "event: x\n\ndata: y\n\n", events: [["message", "y", ""]]),
        Vector(
            text: "Data: x\nfoo: bar\n: data: z\ndata : w\n\ndata:y:z\n\n", events: [["message", "y:z", ""]]),
        Vector(text: "data: a\r\n\ndata: b\n\r\n", events: [["message", "a", ""], ["message", "b", ""]]),
    ]

    @Test(arguments: vectors)
    func readsAtEveryCut(vector: Vector) throws {
        let bytes = Array(vector.text.utf8)
        for pieces in everyCut(bytes).map({ [$0.first, $0.second] }) + [drip(bytes)] {
            let seen = try read(pieces)
            #expect(
                seen.events.map { [$0.type, $0.data.span.text, $0.lastEventID.span.text] } == vector.events)
            #expect(
                seen.lastEventID
                    == (vector.lastEventID.isEmpty ? vector.events.last?[2] ?? "" : vector.lastEventID))
            #expect(seen.retry == vector.retry)
        }
    }

    @Test func writesWhatTheProtocolShows() {
        var buffer = ByteBuffer()
        buffer.append(comment: "tidegate")
        buffer.append(retryMilliseconds: 2000)
        buffer.append(eventNamed: nil, id: nil, data: Array("{}".utf8).span)
        buffer.append(eventNamed: "live", id: Array("k3f9-1".utf8).span, data: Array("{}".utf8).span)
        buffer.append(comment: "alive")
        #expect(
            buffer.bytes.text
                == ": tidegate\nretry: 2000\ndata: {}\n\nevent: live\nid: k3f9-1\ndata: {}\n\n: alive\n")
    }

    /// `bytes` with LF for each CR and CRLF.
    private func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
        var joined: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == ASCII.lineFeed, index > 0, bytes[index - 1] == ASCII.carriageReturn { continue }
            joined.append(byte == ASCII.carriageReturn ? ASCII.lineFeed : byte)
        }
        return joined
    }

    @Test func writtenEventsAreReadBack() throws {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("a :\r\n\rdata: id:é\n\n".utf8)
        for _ in 0..<2000 {
            let data = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            var buffer = ByteBuffer()
            buffer.append(eventNamed: "x", id: Array("1\n\r2\u{00}".utf8).span, data: data.span)
            buffer.append(eventNamed: nil, id: nil, data: Array("end".utf8).span)
            let events = try read([buffer.bytes.array]).events
            let joined = withLineFeeds(data)
            #expect(events.map(\.data) == [joined, Array("end".utf8)])
            #expect(events.map(\.type) == ["x", "message"])
            #expect(events.map { $0.lastEventID.span.text } == ["12", "12"])
        }
    }

    @Test func refusesToHoldTooMuch() throws {
        let line = Array("data: 0123456789\n".utf8)
        #expect(throws: EventStreamParser.Overflow.self) { try read([line, line, line], limit: 25) }
        #expect(throws: EventStreamParser.Overflow.self) {
            try read([Array("data: 01234567890".utf8)], limit: 16)
        }
        #expect(try read([line + [10], line + [10], line + [10]], limit: 25).events.count == 3)
    }

    @Test func showsALineThatDispatchesNothing() throws {
        var parser = EventStreamParser()
        parser.append(Array(":\n\n".utf8).span)
        #expect(try parser.next() == nil)
        #expect(parser.lineCount == 2)
    }
}
