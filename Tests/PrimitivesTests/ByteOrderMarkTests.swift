import Primitives
import TestSupport
import Testing

@Suite struct ByteOrderMarkTests {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    @Test(
        arguments: [
            ([], []), ([0xEF], [0xEF]), ([0xEF, 0xBB], [0xEF, 0xBB]), (mark, []), (mark + [0x7B], [0x7B]),
            (mark + mark, mark), ([0x20] + mark, [0x20] + mark), ([0xEF, 0xBB, 0xBE], [0xEF, 0xBB, 0xBE]),
        ] as [([UInt8], [UInt8])])
    func oneIsPassedOverAtTheBeginning(text: [UInt8], rest: [UInt8]) {
        #expect(text.span.afterByteOrderMark.array == rest)
    }

    @Test(arguments: [mark + [0x7B, 0x7D], [0x7B], mark, mark + mark, [0xEF, 0xBB, 0x7B], [0xEF, 0x7B]])
    func aTextLosesItHoweverItIsCut(text: [UInt8]) {
        for pieces in everyCut(text).map({ [$0.first, $0.second] }) + [drip(text)] {
            var buffer = ByteBuffer()
            var hasBegun = false
            for piece in pieces {
                buffer.append(piece)
                if !hasBegun { hasBegun = buffer.dropByteOrderMark() }
            }
            let left = buffer.array
            #expect(hasBegun && left == text.span.afterByteOrderMark.array)
        }
    }

    @Test func onlyMoreBytesTell() {
        var buffer = ByteBuffer()
        for byte in Self.mark.dropLast() {
            buffer.append(byte)
            let isKnown = buffer.dropByteOrderMark()
            #expect(!isKnown)
        }
        let left = buffer.array
        #expect(left == [0xEF, 0xBB])
    }
}
