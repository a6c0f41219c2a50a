import Testing

@testable import Watch

struct InputParserTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let bytes: String
        let events: [InputEvent]
        var testDescription: String { bytes.debugDescription }

        init(_ bytes: String, _ events: InputEvent...) {
            self.bytes = bytes
            self.events = events
        }
    }

    static let vectors = [
        Vector("q", .key(.text("q"))),
        Vector("é漢😀", .key(.text("é")), .key(.text("漢")), .key(.text("😀"))),
        Vector("\r\n\t", .key(.enter), .key(.enter), .key(.tab)),
        Vector("\u{7F}\u{08}", .key(.backspace), .key(.backspace)),
        Vector("\u{03}\u{1A}\u{0C}", .key(.control("c")), .key(.control("z")), .key(.control("l"))),
        Vector("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", .key(.up), .key(.down), .key(.right), .key(.left)),
        Vector("\u{1B}OA\u{1B}OB\u{1B}OH\u{1B}OF", .key(.up), .key(.down), .key(.home), .key(.end)),
        Vector("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~", .key(.home), .key(.end), .key(.home), .key(.end)),
        Vector("\u{1B}[5~\u{1B}[6~\u{1B}[3~", .key(.pageUp), .key(.pageDown), .key(.delete)),
        Vector("\u{1B}[1;5A\u{1B}[5;2~", .key(.up), .key(.pageUp)),
        Vector("\u{1B}[<64;10;5M\u{1B}[<65;10;5M", .wheel(-3, row: 4), .wheel(3, row: 4)),
        Vector("\u{1B}[<0;10;5M\u{1B}[<0;10;5m", .press(column: 9, row: 4)),
        Vector("\u{1B}[<68;1;1M", .wheel(-3, row: 0)),
        Vector("\u{1B}[M`!!\u{1B}[Ma!!", .wheel(-3, row: 0), .wheel(3, row: 0)),
        Vector("\u{1B}[M !!", .press(column: 0, row: 0)),
        Vector("\u{1B}x", .key(.escape), .key(.text("x"))),
        Vector("\u{1B}\u{1B}[A", .key(.escape), .key(.up)),
        Vector(
            "a\u{1B}[200~b\r\u{1B}[201~c", .key(.text("a")), .pasteBegan, .key(.text("b")), .key(.enter),
            .pasteEnded,
            .key(.text("c"))),
        Vector("a\u{1B}[202~b", .key(.text("a")), .key(.text("b"))),
        Vector("\u{1B}[?1;2cz", .key(.text("z"))),
        Vector("\u{1B}[I\u{1B}[Ok", .key(.text("k"))),
        // Unknown sequences give the same in one piece or in many, and a number out of range ends nothing.
        Vector("\u{1B}[" + String(repeating: "1", count: 100) + "Aq", .key(.text("q"))),
        Vector("\u{1B}[" + String(repeating: "1", count: 100) + "\u{1B}[Aq", .key(.up), .key(.text("q"))),
        Vector("\u{1B}[<0;\(Int.min);\(Int.max)M", .press(column: 0, row: 0)),
    ]

    /// Wherever the bytes are cut, and whatever follows.
    @Test(arguments: vectors) func readsAtEveryCut(vector: Vector) {
        let bytes = Array(vector.bytes.utf8)
        for cut in 0...bytes.count {
            var parser = InputParser()
            var events: [InputEvent] = []
            parser.feed(bytes[..<cut], into: &events)
            parser.feed(bytes[cut...], into: &events)
            #expect(events == vector.events, "cut at \(cut)")
            #expect(!parser.isWaiting, "cut at \(cut)")
            parser.feed(Array("j".utf8), into: &events)
            #expect(events == vector.events + [.key(.text("j"))])
        }
    }

    @Test(arguments: vectors) func readsByteByByte(vector: Vector) {
        var parser = InputParser()
        var events: [InputEvent] = []
        for byte in vector.bytes.utf8 { parser.feed([byte], into: &events) }
        #expect(events == vector.events)
    }

    @Test func aLoneEscapeIsAKeyOnceNothingFollowed() {
        var parser = InputParser()
        var events: [InputEvent] = []
        parser.feed([0x1B], into: &events)
        #expect(events.isEmpty)
        #expect(parser.isLoneEscape)
        parser.timeOut(into: &events)
        #expect(events == [.key(.escape)])
        #expect(!parser.isWaiting)
    }

    @Test func anUnfinishedSequenceBecomesWhatWasTyped() {
        var parser = InputParser()
        var events: [InputEvent] = []
        parser.feed([0x1B, UInt8(ascii: "[")], into: &events)
        #expect(parser.isWaiting && !parser.isLoneEscape)
        parser.timeOut(into: &events)
        #expect(events == [.key(.escape), .key(.text("["))])
    }

    @Test func dropsBytesThatNoKeySends() {
        var parser = InputParser()
        var events: [InputEvent] = []
        parser.feed(
            [0xFF, 0xC3, UInt8(ascii: "a"), 0x80, 0x00, 0xED, 0xA0, 0x80, UInt8(ascii: "b")], into: &events)
        #expect(events == [.key(.text("a")), .key(.text("b"))])
    }

    /// Noise must neither stay for ever nor swallow the bytes after it.
    @Test func aSequenceWithoutAnEndIsGivenUp() {
        var parser = InputParser()
        var events: [InputEvent] = []
        parser.feed(
            [0x1B, UInt8(ascii: "[")] + Array(repeating: UInt8(ascii: "1"), count: 100), into: &events)
        parser.timeOut(into: &events)
        events.removeAll()
        parser.feed(Array("q".utf8), into: &events)
        #expect(events == [.key(.text("q"))])
    }
}
