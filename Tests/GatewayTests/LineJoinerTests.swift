import HTTP
import Primitives
import TestSupport
import Testing

@testable import Gateway

@Suite struct LineJoinerTests {
    /// All lines of a body that comes in `pieces`, and the number of steps that finding them took.
    private func lines(of pieces: [[UInt8]]) -> (lines: [String], steps: Int) {
        var joiner = LineJoiner()
        var found: [UInt8] = []
        for piece in pieces {
            guard let ended = joiner.join(piece.span) else { continue }
            #expect(ended.first.isEmpty || ended.first.last == ASCII.lineFeed)
            found += ended.first + piece[ended.others]
            #expect(found.last == ASCII.lineFeed)
        }
        found += joiner.takeRest()
        let text = String(decoding: found, as: UTF8.self)
        return (
            text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), joiner.stepCount
        )
    }

    private static let bodies = ["", "\n", "a", "a\n", "a\nbc\n\nd", "\n\n", "ab\n\ncd\nef\n"]

    @Test(arguments: bodies) func linesAreTheSameWhereverTheBodyIsCut(body: String) {
        let bytes = Array(body.utf8)
        let whole = body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (first, second) in everyCut(bytes) { #expect(lines(of: [first, second]).lines == whole) }
        #expect(lines(of: drip(bytes)).lines == whole)
    }

    @Test func wholeLinesOfAPieceAreNotMoved() {
        let bytes = Array("first\nsecond\nthird\n".utf8)
        #expect(lines(of: [bytes]).steps == bytes.count)
    }

    /// A line in pieces of one byte costs steps in proportion to its length, also where it is published.
    @Test func aDripOfBytesIsLookedAtOnce() throws {
        let stage = FrontEndStage()
        let line = Array("{\"topic\":\"a\",\"data\":\"\(String(repeating: "x", count: 20_000))\"}\n".utf8)
        var parser = RequestParser()
        let text = """
            POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n\
            Transfer-Encoding: chunked\r\n\r\n
            """
        let head = try #require(try parser.parse(Array(text.utf8).span)).head
        guard
            case .body(let reply, _) = try PublishIntake.open(
                head, .many, stage.connection, stage.work),
            let intake = reply as? PublishIntake
        else { throw Problem.badRequest("no body is taken") }
        var response = RecordingResponder()
        for piece in drip(line) + [[]] {
            _ = intake.received(piece.span, isEnd: piece.isEmpty, &response, stage.connection, stage.work)
        }
        #expect(response.steps.dropFirst().first == "write {\"accepted\":1}\n")
        #expect(intake.lines.stepCount == 3 * line.count)
    }
}
