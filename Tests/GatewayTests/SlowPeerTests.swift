import Broker
import Primitives
import Testing

@testable import Gateway

/// A byte now and then is no life: what has begun must be whole in time, however the bytes come.
@Suite struct SlowPeerTests {
    private static let upgrade =
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private static func head(_ fields: String, type: String = "application/json") -> String {
        "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\n\(fields)\r\n\r\n"
    }

    /// Sends `piece` every `pause` until it is answered; returns the answer and the seconds.
    private func drip(
        _ piece: String, every pause: Duration, to stage: FrontEndStage, for limit: Duration
    ) -> (answer: String, seconds: Double)? {
        let start = stage.work.now
        while stage.work.now.since(start) < limit {
            let late = stage.pass(pause)
            let seconds = stage.work.now.since(start).inSeconds
            if !late.isEmpty || stage.connection.endReason != nil { return (late, seconds) }
            let answer = stage.receive(piece)
            if !answer.isEmpty || stage.connection.endReason != nil { return (answer, seconds) }
        }
        return nil
    }

    @Test(arguments: [
        // A body, what is read over, a chunk's size, a chunk, a trailer, a line.
        head("Content-Length: 1000") + "[",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n ",
        head("Transfer-Encoding: chunked") + "0",
        head("Transfer-Encoding: chunked") + "ff\r\n[",
        head("Transfer-Encoding: chunked") + "2\r\n[ \r\n0\r\nX: ",
        head("Transfer-Encoding: chunked", type: "application/x-ndjson") + "fff\r\n{",
        head("Content-Length: 1000", type: "application/x-ndjson") + "{",
    ])
    func aRequestThatDripsIsRefusedAfterItsTime(beginning: String) throws {
        let stage = FrontEndStage()
        _ = stage.receive(beginning)
        let (answer, seconds) = try #require(drip("0", every: .seconds(29), to: stage, for: .seconds(900)))
        #expect(stage.connection.endReason == .timeout)
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 408"))
        #expect(seconds >= 300 && seconds < 330)
    }

    /// What ends a stream of lines says how far it came, whatever it is.
    @Test func everyEndOfLinesSaysHowFarTheyCame() throws {
        let lines = #"{"topic":"a","data":1}"# + "\n" + #"{"topic":"a","data":2}"# + "\n"
        func begin(_ fields: String, _ text: String) -> FrontEndStage {
            let stage = FrontEndStage()
            _ = stage.receive(Self.head(fields, type: "application/x-ndjson") + text)
            return stage
        }
        let chunk = String(lines.utf8.count, radix: 16) + "\r\n\(lines)\r\n"
        let length = "Content-Length: 10000"
        // Late inside a line.
        var stage = begin(length, lines + "{")
        #expect(stage.pass(.seconds(30)).contains(#""line":2,"accepted":2}"#))
        #expect(stage.connection.endReason == .timeout)
        // A chunk that is none.
        stage = begin("Transfer-Encoding: chunked", chunk)
        let broken = stage.receive("zz\r\n")
        #expect(broken.hasPrefix("HTTP/1.1 400 ") && broken.contains(#""line":2,"accepted":2}"#))
        #expect(stage.connection.endReason == .malformed)
        // The gateway drains.
        stage = begin(length, lines)
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        let goodbye = stage.said()
        #expect(goodbye.hasPrefix("HTTP/1.1 503 ") && goodbye.contains(#""line":2,"accepted":2}"#))
        #expect(goodbye.contains(#""code":"draining""#) && stage.connection.endReason == .drained)
        // The sender has closed its side.
        stage = begin(length, lines)
        stage.frontEnd.inputEnded(stage.connection, stage.work)
        let cut = stage.said()
        #expect(cut.hasPrefix("HTTP/1.1 400 ") && cut.contains(#""line":2,"accepted":2}"#))
        #expect(stage.connection.endReason == .peer)
        // A bad line.
        stage = begin(length, lines)
        let refused = stage.receive("nonsense\n")
        #expect(refused.hasPrefix("HTTP/1.1 400 ") && refused.contains(#""line":3,"accepted":2}"#))
    }

    @Test func betweenLinesSilenceIsNoFault() {
        let stage = FrontEndStage()
        let line = #"{"topic":"a","data":1}"# + "\n"
        _ = stage.receive(Self.head("Content-Length: 46", type: "application/x-ndjson") + line)
        #expect(stage.pass(.seconds(86_400)).isEmpty && stage.connection.endReason == nil)
        #expect(stage.receive(line).contains(#""accepted":2"#))
    }

    @Test(arguments: ["Content-Length: 23", "Transfer-Encoding: chunked"])
    func nothingBeforeTheFirstLineIsNoFaultEither(framing: String) {
        let stage = FrontEndStage()
        _ = stage.receive(Self.head(framing, type: "application/x-ndjson"))
        #expect(stage.pass(.seconds(86_400)).isEmpty && stage.connection.endReason == nil)
        // Where it is no stream of lines, a body has to come.
        let other = FrontEndStage()
        _ = other.receive(Self.head(framing, type: "application/json"))
        #expect(other.pass(.seconds(30)).hasPrefix("HTTP/1.1 408 "))
    }

    @Test func linesMayComeForEver() throws {
        for beginning in [
            Self.head("Content-Length: 100000", type: "application/x-ndjson"),
            Self.head("Transfer-Encoding: chunked", type: "application/x-ndjson"),
        ] {
            let stage = FrontEndStage()
            _ = stage.receive(beginning)
            let isChunked = beginning.contains("chunked")
            let line = #"{"topic":"a","data":1}"# + "\n"
            let piece = isChunked ? String(line.utf8.count, radix: 16) + "\r\n\(line)\r\n" : line
            #expect(drip(piece, every: .seconds(29), to: stage, for: .seconds(3600)) == nil)
            #expect(stage.sequencer.topicCount == 1)
        }
    }

    @Test(
        arguments: [
            // A message in one frame and in many, one whose header is not whole, a ping, a close.
            [0x81, 0xFE, 0x10, 0, 0, 0, 0, 0], [0x01, 0x81, 0, 0, 0, 0, 0x20], [0x81, 0xFE, 0x10],
            [0x89, 0xFD, 0, 0, 0, 0], [0x88, 0xFD, 0, 0, 0, 0],
        ] as [[UInt8]])
    func aMessageThatDripsEndsItsConnection(beginning: [UInt8]) throws {
        let stage = FrontEndStage()
        _ = stage.receive(Self.upgrade)
        var rest = beginning
        var seconds = 0
        while stage.connection.endReason == nil, stage.work.actions.end == nil, seconds < 900 {
            // Continuation frames of a byte, where frames are whole; else bytes.
            let isInPieces = beginning.count == 7
            stage.receive(unread: rest)
            rest = isInPieces ? [0x00, 0x81, 0, 0, 0, 0, 0x20] : [0]
            let said = Array(stage.pass(.seconds(5)).utf8)
            seconds += 5
            if said.contains(0x88) { break }
        }
        #expect(seconds >= 60 && seconds <= 65)
    }

    @Test func messagesMayComeForEver() {
        let stage = FrontEndStage()
        _ = stage.receive(Self.upgrade)
        // The last byte of each comes with the first ones of the next.
        let frame: [UInt8] = [0x81, 0x8F, 0, 0, 0, 0] + Array(#"{"type":"ping"}"#.utf8)
        stage.receive(unread: Array(frame.dropLast()))
        for _ in 0..<200 {
            _ = stage.pass(.seconds(5))
            stage.receive(unread: [frame[frame.count - 1]] + frame.dropLast())
        }
        #expect(stage.work.actions.end == nil && stage.connection.endReason == nil)
    }
}
