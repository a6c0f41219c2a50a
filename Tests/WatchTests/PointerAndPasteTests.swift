import Client
import Primitives
import Testing

@testable import Watch

struct PointerAndPasteTests {
    private func stage(_ size: Size = Size(columns: 80, rows: 24)) throws -> Stage {
        var stage = Stage(size: size)
        for name in ["a", "b", "c", "d", "e", "f"] {
            let members = (0..<40).map { #""m\#($0)":\#($0)"# }.joined(separator: ",")
            try stage.update(name, "{\(members)}")
        }
        stage.hear(.live)
        return stage
    }

    private func paste(_ text: String, into stage: inout Stage) -> [Effect] {
        _ = stage.model.handle(.pasteBegan, now: stage.now)
        var effects: [Effect] = []
        for scalar in text.unicodeScalars {
            effects += stage.press(scalar == "\r" ? .enter : .text(scalar))
        }
        _ = stage.model.handle(.pasteEnded, now: stage.now)
        return effects
    }

    @Test func whatIsPastedIsNoCommand() throws {
        var stage = try stage()
        #expect(paste("dq?t", into: &stage).isEmpty)
        #expect(stage.names().count == 6)
        #expect(!stage.model.showsHelp)
        #expect(stage.model.notice != nil, "it says where a paste can go")
        #expect(stage.type("q") == [.quit], "what is typed afterwards is a key again")
    }

    @Test func aPasteGoesIntoTheFilterWithoutItsLineEnd() throws {
        var stage = try stage()
        stage.type("/")
        #expect(paste("c\r", into: &stage).isEmpty)
        #expect(stage.model.filter == "c")
        #expect(stage.model.prompt != nil, "the line is still open")
        stage.press(.enter)
        #expect(stage.names() == ["c"])
    }

    @Test func ctrlCEndsInAPasteThatNeverEnds() throws {
        var stage = try stage()
        _ = stage.model.handle(.pasteBegan, now: stage.now)
        #expect(stage.press(.control("c")) == [.quit])
    }

    @Test func theWheelScrollsWhatItIsOver() throws {
        var stage = try stage()
        stage.press(.enter)
        let detail = Layout(size: stage.model.size, showsDetail: true).detailRows
        let selected = stage.selectedName()
        _ = stage.model.handle(.wheel(3, row: detail.lowerBound + 2), now: stage.now)
        #expect(stage.model.detailTop > 0)
        #expect(stage.selectedName() == selected)
        _ = stage.model.handle(.wheel(3, row: 4), now: stage.now)
        #expect(stage.selectedName() != selected)
        #expect(stage.model.detailTop == 0, "another row's JSON begins at its top")
    }

    @Test func theWheelMovesNothingBehindTheHelp() throws {
        var stage = try stage()
        let selected = stage.selectedName()
        stage.type("?")
        _ = stage.model.handle(.wheel(3, row: 4), now: stage.now)
        stage.type("x")
        #expect(stage.selectedName() == selected)
    }

    /// After one step beyond the end, one step back must be enough.
    @Test func theDetailScrollsNoFurtherThanItsEnd() throws {
        var stage = try stage(Size(columns: 40, rows: 12))
        stage.press(.enter)
        let first = stage.grid().text
        for _ in 0..<100 { stage.press(.right) }
        let last = stage.grid().text
        #expect(last.contains("m39: 39"))
        #expect(!last.contains(" more "))
        stage.press(.left)
        #expect(stage.grid().text != last)
        for _ in 0..<100 { stage.press(.left) }
        #expect(stage.grid().text == first)
    }
}
