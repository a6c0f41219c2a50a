/// What fuzzers of readers share: one input, handed over whole and in pieces.
import Primitives

/// The lengths of the longest pieces to compare with the whole: single bytes, and some that the input's seed chooses.
func longestPieces(seed: UInt8) -> [Int] { [1, [2, 3, 7, 20, 60, 200][Int(seed) % 6]] }

/// `bytes` in pieces of random lengths, none longer than `longest`; a seed repeats them.
func pieces(of bytes: [UInt8], longest: Int, seed: UInt8) -> [ArraySlice<UInt8>] {
    guard longest < bytes.count else { return [bytes[...]] }
    var random = SeededGenerator(seed: UInt64(seed))
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + Int.random(in: 1...longest, using: &random))
        pieces.append(bytes[start..<end])
        start = end
    }
    return pieces
}

/// The same bytes as valid UTF-8, which whoever calls a reader of text has checked before.
func repaired(_ bytes: [UInt8]) -> [UInt8] {
    Array(String(decoding: bytes, as: UTF8.self).utf8)
}
