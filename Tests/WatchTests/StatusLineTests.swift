import Client
import Primitives
import Testing

@testable import Watch

/// What the last line says of what was done.
struct StatusLineTests {
    @Test func aRefusedPatternCanBePutRight() throws {
        var stage = Stage()
        try stage.update("t/a", "1")
        stage.hear(.live)
        stage.type("afx//")
        #expect(stage.press(.enter).isEmpty)
        let line = try #require(stage.grid().lines.last)
        let fault = try #require(patternFault("fx//"))
        #expect(line.contains("watch too: fx//") && line.contains(fault))
        stage.press(.backspace)
        #expect(stage.press(.enter).isEmpty)
        stage.press(.backspace)
        stage.type("/*")
        #expect(stage.press(.enter) == [.subscribe(isWhole: true)])
        #expect(stage.model.subscription.topics.contains("fx/*"))
    }

    @Test func whatWasBroughtBackIsSaidToBe() throws {
        var stage = Stage()
        try stage.update("t/a", "1")
        stage.hear(.live)
        stage.type("d")
        #expect(stage.grid().lines.last?.contains("dropped t/a; u brings it back") ?? false)
        stage.type("u")
        #expect(stage.grid().lines.last?.contains("t/a is back") ?? false)
    }
}
