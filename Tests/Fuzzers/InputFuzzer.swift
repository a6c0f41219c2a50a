// Promise: whatever a terminal sends, in whatever pieces, the same keys and clicks come of it; what waits for more is
// given up after no more timeouts than a sequence has bytes, so it is never longer than that; plain characters come out
// as they went in; and no place of a click is outside what a screen can have.
//
// The first byte of the input chooses where the cuts are, the rest are the terminal's bytes.
//
// Compiled with: Sources/Watch/Input

import Primitives

/// No sequence that the parser waits for is longer.
let sequenceByteCount = 64

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = events(of: bytes, longest: .max, seed: start[0])
    for longest in longestPieces(seed: start[0]) {
        promise(events(of: bytes, longest: longest, seed: start[0]) == whole, "the cuts made a difference")
    }
    if bytes.allSatisfy({ (0x20...0x7E).contains($0) }) {
        promise(whole == bytes.map { .key(.text(Unicode.Scalar($0))) }, "a character was not a key")
    }
    for case .press(let column, let row) in whole {
        promise((0..<1 << 16).contains(column) && (0..<1 << 16).contains(row), "a click beside the screen")
    }
    return 0
}

/// All that is typed with `bytes`, once nothing more comes.
func events(of bytes: [UInt8], longest: Int, seed: UInt8) -> [InputEvent] {
    var parser = InputParser()
    var events: [InputEvent] = []
    for piece in pieces(of: bytes, longest: longest, seed: seed) {
        parser.feed(piece, into: &events)
        // A person's pause here must leave little behind, whatever came before it.
        var paused = parser
        var rest: [InputEvent] = []
        for _ in 0..<sequenceByteCount where paused.isWaiting { paused.timeOut(into: &rest) }
        promise(!paused.isWaiting, "it waits for more than a sequence can have")
        promise(rest.count <= sequenceByteCount, "more was kept than a sequence can have")
    }
    while parser.isWaiting { parser.timeOut(into: &events) }
    return events
}
