import Primitives
import Testing

@testable import Watch

struct RendererTests {
    private static let size = Size(columns: 24, rows: 6)

    /// Puts text of all widths and styles anywhere.
    private func scribble(on grid: inout Grid, _ random: inout SeededGenerator) {
        let words = ["a", "12.50", "漢字", "e\u{301}te\u{301}", "😀", "▁▂▃", "  ", "long words of a row"]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let style = Style(
                Ink.allCases.randomElement(using: &random) ?? .text,
                on: Ground.allCases.randomElement(using: &random) ?? .plain,
                isBold: Bool.random(using: &random))
            grid.put(
                words.randomElement(using: &random) ?? "",
                row: Int.random(in: 0..<Self.size.rows, using: &random),
                column: Int.random(in: 0..<Self.size.columns, using: &random), style)
        }
    }

    /// From any screen, the bytes of the difference make the terminal show the new grid.
    @Test(arguments: ColourDepth.allCases, 0..<50)
    func theBytesOfEachFrameShowItsGrid(depth: ColourDepth, seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var renderer = Renderer(depth)
        var terminal = SmallTerminal(Self.size)
        var grid = Grid(Self.size)
        for frame in 0..<20 {
            scribble(on: &grid, &random)
            if frame == 10 { renderer.forget() }
            var output = ByteBuffer()
            renderer.draw(grid, into: &output)
            terminal.take(output.array)
            #expect(terminal.unknown.isEmpty)
            #expect(terminal.shows(grid), "frame \(frame)")
        }
    }

    /// Terminals disagree about the width of these; the text behind them must not depend on it.
    @Test(arguments: ["😀", "❤", "🇩", "e\u{301}"]) func whatStandsBehindAPictureIsPutInItsPlace(text: String) {
        var renderer = Renderer(.none)
        var grid = Grid(Self.size)
        let next = grid.put(text, row: 0, column: 0)
        grid.put("7", row: 0, column: next)
        var output = ByteBuffer()
        renderer.draw(grid, into: &output)
        #expect(String(decoding: output.array, as: UTF8.self).contains("\u{1B}[1;\(next + 1)H7"))
    }

    /// In 16 colours a reversed red would become a red ground.
    @Test func aReversedRowIsOneBar() {
        var renderer = Renderer(.sixteen)
        var grid = Grid(Self.size)
        grid.put("a", row: 0, column: 0, Style(.down, on: .selected))
        var output = ByteBuffer()
        renderer.draw(grid, into: &output)
        #expect(String(decoding: output.array, as: UTF8.self).contains("\u{1B}[0;7ma"))
    }

    @Test func whatDidNotChangeCostsNothing() {
        var renderer = Renderer(.full)
        var grid = Grid(Self.size)
        grid.put("hello", row: 1, column: 1)
        var output = ByteBuffer()
        renderer.draw(grid, into: &output)
        #expect(output.count > 0)
        output.removeAll()
        renderer.draw(grid, into: &output)
        #expect(output.count == 0)
    }

    /// Golden bytes: one digit of a price.
    @Test func oneChangedCellIsOneMoveAndOneCharacter() {
        var renderer = Renderer(.indexed)
        var grid = Grid(Self.size)
        grid.put("189.30", row: 2, column: 4, Style(.up))
        var output = ByteBuffer()
        renderer.draw(grid, into: &output)
        output.removeAll()
        grid.put("189.31", row: 2, column: 4, Style(.up))
        renderer.draw(grid, into: &output)
        #expect(
            output.bytes.text == "\u{1B}[?2026h\u{1B}[3;10H\u{1B}[0;38;5;78m1\u{1B}[0m\u{1B}[?2026l")
    }

    @Test(arguments: [
        (ColourDepth.none, "\u{1B}[0;1m"), (.sixteen, "\u{1B}[0;1;31m"), (.indexed, "\u{1B}[0;1;38;5;203m"),
        (.full, "\u{1B}[0;1;38;2;255;107;107m"),
    ])
    func writesAColourAsDeepAsTheTerminalHasIt(depth: ColourDepth, look: String) {
        var renderer = Renderer(depth)
        var grid = Grid(Self.size)
        grid.put("x", row: 0, column: 0, Style(.down, isBold: true))
        var output = ByteBuffer()
        renderer.draw(grid, into: &output)
        #expect(output.bytes.text.contains(look))
    }

    /// NO_COLOR: no style has a colour.
    @Test func withoutColoursThereAreOnlyBoldAndReverse() {
        for ink in Ink.allCases {
            for ground in Ground.allCases {
                var renderer = Renderer(.none)
                var grid = Grid(Self.size)
                grid.put("x", row: 0, column: 0, Style(ink, on: ground))
                var output = ByteBuffer()
                renderer.draw(grid, into: &output)
                let text = output.bytes.text
                #expect(!text.contains("[0;3") && !text.contains(";38;") && !text.contains(";48;"))
                #expect(!text.contains(";9") && !text.contains(";4"))
            }
        }
    }

    @Test(arguments: [
        (["TERM": "xterm-256color", "COLORTERM": "truecolor"], ColourDepth.full),
        (["TERM": "xterm-256color"], .indexed), (["TERM": "xterm"], .sixteen), (["TERM": "linux"], .sixteen),
        (["TERM": "vt100"], .none), (["TERM": "xterm-256color", "NO_COLOR": "1"], .none),
        (["TERM": "xterm-256color", "NO_COLOR": ""], .indexed),
    ])
    func readsTheDepthFromTheEnvironment(environment: [String: String], depth: ColourDepth) {
        #expect(ColourDepth { environment[$0] } == depth)
    }
}
