import Client
import Primitives
import Synchronization
import Testing
import Transport

/// Lines over real sockets, to a gateway that follows a script: what is sent, kept, and sent again.
struct BulkPublisherTests {
    private static func answer(_ status: String, _ body: String, _ fields: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The end of a request that the gateway does not read to its end.
    private static func refusal(_ status: String, _ members: String, _ fields: String = "") -> String {
        answer(status, "{\(members)}", "Connection: close\r\n\(fields)")
    }

    private static func accepted(_ count: Int) -> String { answer("200 OK", #"{"accepted":\#(count)}"#) }

    /// The empty request that goes ahead after a cut.
    private static func acceptNothing(_ peer: inout ScriptedServer.Peer) {
        peer.read(until: "\r\n\r\n0\r\n\r\n")
        peer.send(accepted(0))
        peer.read()
    }

    /// Reads a request to its end.
    private static func accepts(_ count: Int) -> ScriptedServer.Script {
        { peer in
            peer.read()
            peer.read(until: "0\r\n\r\n")
            peer.send(accepted(count))
        }
    }

    private static func acceptsAfterACut(_ count: Int) -> ScriptedServer.Script {
        { peer in
            acceptNothing(&peer)
            peer.read(until: "0\r\n\r\n")
            peer.send(accepted(count))
        }
    }

    /// What publishing said of its cuts.
    private final class Cuts: Sendable {
        private let lines = Mutex<[UInt64]>([])
        private let reasons = Mutex<[String]>([])
        var nextLines: [UInt64] { lines.withLock { $0 } }
        var firstReason: String { reasons.withLock { $0.first ?? "" } }

        func add(_ cut: BulkPublisher.Interruption) {
            lines.withLock { $0.append(cut.nextLine) }
            reasons.withLock { $0.append(cut.reason.description) }
        }
    }

    /// A publisher that gives up at the fourth cut, so that no test goes on for ever.
    private func publisher(
        _ server: ScriptedServer, _ habits: BulkPublisher.Habits = .init(), _ cuts: Cuts = Cuts()
    ) throws -> BulkPublisher {
        let stop = try Wakeup()
        let url = try GatewayURL("http://127.0.0.1:\(server.port)")
        return try BulkPublisher(to: url, habits, stop: stop) { cut in
            cuts.add(cut)
            if cuts.nextLines.count == 4 { stop.wake() }
        }
    }

    private func lines(_ numbers: ClosedRange<Int>) -> [UInt8] {
        Array(numbers.map { "{\"n\":\($0)}\n" }.joined().utf8)
    }

    /// Waits until there is something to attend to.
    private func waitFor(_ publisher: BulkPublisher) {
        _ = Readiness.wait(for: [.init(publisher.descriptor, .read)], timeout: publisher.attendAfter)
    }

    /// The content of the chunks in a request's text.
    private func content(of chunks: String) -> String {
        let parts = chunks.split(separator: "\r\n" as Character, omittingEmptySubsequences: false)
        // A size stands before each chunk.
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map(\.element).joined()
    }

    @Test func wholeLinesGoAsChunks() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "\r\n0\r\n\r\n")
                peer.send(Self.accepted(3))
            }
        ])
        let publisher = try publisher(server)
        for piece in ["{\"n\":", "1}\n{\"n\":2", "}", "\n3"] { try publisher.send(Array(piece.utf8).span) }
        #expect(try publisher.finish() == 3)
        #expect(server.heads[0].contains("Content-Type: application/x-ndjson\r\n"))
        #expect(
            server.heads[1]
                == "00000008\r\n{\"n\":1}\n\r\n00000008\r\n{\"n\":2}\n\r\n00000001\r\n3\r\n0\r\n\r\n")
    }

    /// A source may begin with a mark, and be silent within it. What only looks like one is sent.
    @Test(arguments: [
        ([mark, Array("1\n".utf8)], "1\n"), ([[0xEF], [0xBB], [0xBF, 0x31]], "1"),
        ([mark + mark + [0x31]], "\u{FEFF}1"), ([[0x31, 0x0A], mark + [0x31]], "1\n\u{FEFF}1"),
        ([mark], ""), ([], ""), ([[0xEF], [0xBB]], "\u{FFFD}"),
    ]) func linesGoWithoutTheirMark(pieces: [[UInt8]], sent: String) throws {
        let server = try ScriptedServer([
            Self.accepts(2)
        ])
        let publisher = try publisher(server)
        for piece in pieces { try publisher.send(piece.span) }
        #expect(try publisher.finish() == 2)
        #expect(content(of: server.heads[1]) == sent)
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    // MARK: Ends that say how far it came

    @Test func aRefusalInTheMiddleIsHeard() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                let problem = #""status":400,"code":"invalid_json","detail":"no","line":4,"accepted":2"#
                peer.send(Self.refusal("400 Bad Request", problem))
                peer.awaitEnd()
            }
        ])
        let publisher = try publisher(server)
        let piece = Array("1\n \n2\n3\n".utf8) + [UInt8](repeating: ASCII.lineFeed, count: 65536)
        var failure: BulkFailure?
        // More than any kernel holds: only the answer can stop it.
        for _ in 0..<100_000 where failure == nil {
            do throws(BulkFailure) {
                try publisher.send(piece.span)
            } catch {
                failure = error
            }
        }
        #expect(failure?.description == "refused: invalid_json: no (line 4; 2 accepted before it)")
    }

    /// Its own number, not that of the request's line: blank lines and earlier requests count differently there.
    @Test func aBadLineHasTheSourcesNumber() throws {
        var habits = BulkPublisher.Habits()
        habits.confirmByteCount = 1
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "0\r\n\r\n")
                peer.send(Self.accepted(3))
                peer.read()
                peer.read(until: "4}")
                peer.send(
                    Self.refusal(
                        "400 Bad Request", #""code":"invalid_json","detail":"no","line":2,"accepted":1"#))
                peer.awaitEnd()
            }
        ])
        let publisher = try publisher(server, habits)
        try publisher.send((Array("\n".utf8) + lines(1...3)).span)
        let failure = #expect(throws: BulkFailure.self) {
            try publisher.send(Array("{\"n\":3}\n\r\n{\"n\":4}\n".utf8).span)
            _ = try publisher.finish()
        }
        #expect(failure?.description == "refused: invalid_json: no (line 7; 4 accepted before it)")
    }

    @Test(arguments: [
        ("503 Service Unavailable", "draining"), ("408 Request Timeout", "bad_request"),
        ("503 Service Unavailable", "overloaded"),
        ("429 Too Many Requests", "rate_limited"),
    ]) func afterATemporaryEndItGoesOnBehindTheLastAccepted(status: String, code: String) throws {
        let cuts = Cuts()
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "4}\n\r\n")
                peer.send(
                    Self.refusal(
                        status, "\"code\":\"\(code)\",\"line\":3,\"accepted\":2", "Retry-After: 0\r\n"))
                peer.awaitEnd()
            },
            Self.acceptsAfterACut(3),
        ])
        let publisher = try publisher(server, .init(), cuts)
        try publisher.send(lines(1...4).span)
        try publisher.send(lines(5...5).span)
        #expect(try publisher.finish() == 5)
        #expect(content(of: server.heads.last ?? "") == lines(3...5).span.text)
        #expect(cuts.nextLines == [3])
        #expect(cuts.firstReason == "refused: \(code)")
    }

    @Test func aLimitOfTopicsIsNotWaitedFor() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(
                    Self.refusal("429 Too Many Requests", #""code":"too_many_topics","line":1,"accepted":0"#))
                peer.awaitEnd()
            }
        ])
        let publisher = try publisher(server)
        let failure = #expect(throws: BulkFailure.self) {
            try publisher.send(lines(1...1).span)
            _ = try publisher.finish()
        }
        #expect(failure?.cause != .stopped)
    }

    /// What refuses the empty request has taken no line, even if it is a proxy that has lost its gateway.
    @Test func aProxyWithoutItsGatewayIsAskedAgain() throws {
        let cuts = Cuts()
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "2}\n\r\n")
                peer.send(
                    Self.refusal(
                        "503 Service Unavailable", #""code":"draining","line":1,"accepted":1"#,
                        "Retry-After: 0\r\n"))
                peer.awaitEnd()
            },
            { peer in
                peer.read(until: "0\r\n\r\n")
                peer.send("HTTP/1.1 502 Bad Gateway\r\nRetry-After: 0\r\nContent-Length: 6\r\n\r\n<html>")
                peer.awaitEnd()
            },
            Self.acceptsAfterACut(1),
        ])
        let publisher = try publisher(server, .init(), cuts)
        try publisher.send(lines(1...2).span)
        #expect(try publisher.finish() == 2)
        #expect(content(of: server.heads.last ?? "") == lines(2...2).span.text)
        #expect(cuts.nextLines == [2, 2])
    }

    // MARK: Ends without a word

    private static let confirmsThreeAndDies: ScriptedServer.Script = { peer in
        peer.read()
        peer.read(until: "0\r\n\r\n")
        peer.send(accepted(3))
        peer.read()
        peer.read(until: "5}\n\r\n")
    }

    /// Every three lines are more bytes.
    private var shortHabits: BulkPublisher.Habits {
        var habits = BulkPublisher.Habits()
        habits.confirmByteCount = 3 * 8
        return habits
    }

    /// The gateway may have forgotten the key.
    @Test func anEndWithoutAWordLeavesTheLastLinesUncertain() throws {
        let server = try ScriptedServer([Self.confirmsThreeAndDies])
        var habits = shortHabits
        habits.repeatsFor = .zero
        let publisher = try publisher(server, habits)
        try publisher.send(lines(1...3).span)
        let failure = #expect(throws: BulkFailure.self) {
            try publisher.send(lines(4...5).span)
            _ = try publisher.finish()
        }
        #expect(failure?.uncertain == 4...5)
        #expect(
            failure?.description.hasSuffix("; lines 1 to 3 are published, lines 4 to 5 may or may not be")
                == true)
    }

    private func keys(_ server: ScriptedServer) -> [String] {
        server.heads.flatMap { $0.split(separator: "\r\n" as Character) }
            .filter { $0.hasPrefix("Idempotency-Key: ") }.map(String.init)
    }

    /// Each request has a key of its own, and what a cut left in doubt keeps the one it came with, however often it is cut.
    @Test(arguments: [false, true]) func uncertainLinesAreSentAgainUnderTheirKey(afterLong: Bool) throws {
        let cutAgain: ScriptedServer.Script = { peer in
            Self.acceptNothing(&peer)
            peer.read(until: "5}\n\r\n")
        }
        let server = try ScriptedServer([
            Self.confirmsThreeAndDies, cutAgain, Self.acceptsAfterACut(2),
        ])
        var habits = shortHabits
        if afterLong { (habits.repeatsFor, habits.repeatsUncertain) = (.zero, true) }
        let publisher = try publisher(server, habits)
        try publisher.send(lines(1...3).span)
        try publisher.send(lines(4...5).span)
        #expect(try publisher.finish() == 5)
        #expect(content(of: server.heads.last ?? "") == lines(4...5).span.text)
        let keys = keys(server)
        // Twice an empty request goes ahead.
        try #require(keys.count == 6)
        #expect(keys[1] == keys[3] && keys[1] == keys[5] && Set(keys).count == 4)
    }

    /// Where nothing is unconfirmed, a cut leaves nothing uncertain. An answer that is the last says so, too.
    @Test(arguments: ["", "Connection: close\r\n"])
    func whatIsConfirmedOutlivesACut(fields: String) throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "0\r\n\r\n")
                peer.send(Self.answer("200 OK", #"{"accepted":3}"#, fields))
                if fields.isEmpty { peer.read() } else { peer.awaitEnd() }
            },
            Self.acceptsAfterACut(1),
        ])
        let publisher = try publisher(server, shortHabits)
        try publisher.send(lines(1...3).span)
        if fields.isEmpty {
            waitFor(publisher)
            try publisher.attend()
        }
        try publisher.send(lines(4...4).span)
        #expect(try publisher.finish() == 4)
    }

    // MARK: Silence

    @Test func silenceIsFilledWithBlankLines() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                for _ in 0..<3 { peer.read(until: "00000001\r\n\n\r\n") }
                peer.read(until: "0\r\n\r\n")
                peer.send(Self.accepted(0))
            }
        ])
        var habits = BulkPublisher.Habits()
        habits.keepAwake = .milliseconds(1)
        let publisher = try publisher(server, habits)
        try publisher.send(Array("{\"n\":".utf8).span)
        for _ in 0..<1000 where server.heads.count < 4 {
            waitFor(publisher)
            try publisher.attend()
        }
        #expect(try publisher.finish() == 0)
        #expect(content(of: server.heads.last ?? "").hasSuffix("{\"n\":"))
    }

    @Test func linesAreConfirmedAfterAWhile() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "\r\n0\r\n\r\n")
                peer.send(Self.accepted(1))
                peer.read()
                peer.read(until: "0\r\n\r\n")
                peer.send(Self.accepted(0))
            }
        ])
        var habits = BulkPublisher.Habits()
        habits.confirmAfter = .milliseconds(1)
        let publisher = try publisher(server, habits)
        try publisher.send(lines(1...1).span)
        for _ in 0..<1000 where server.heads.count < 2 {
            waitFor(publisher)
            try publisher.attend()
        }
        #expect(server.heads.count >= 2)
        #expect(try publisher.finish() == 1)
    }
}
