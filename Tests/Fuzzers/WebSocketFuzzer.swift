// Invariant: any bytes, cut anywhere, give the same events and the same failure. No step consumes more than its
// input, what is left unconsumed is less than a header or a control frame, the memory of a message never exceeds
// the limit by more than the one byte that shows it exceeded, and nobody speaks after a close frame or a failure.
//
// The first byte of the input chooses role and compression, the second where the cuts are.

import Primitives
import WebSocket

private let limits = MessageLimits(messageByteCount: 4_096, frameCount: 16)

/// What a reader said, as bytes: a tag, and what it said.
private func hear(_ bytes: [UInt8], setup: UInt8, cuts: inout SeededGenerator, longestPiece: Int) -> [[UInt8]]
{
    let compression = PerMessageDeflate.Agreement(clientNoContextTakeover: setup & 2 == 0)
    let agreement: PerMessageDeflate.Agreement? = setup & 1 == 0 ? nil : compression
    var reader = MessageReader(
        role: setup & 4 == 0 ? .server : .client, limits: limits, compression: agreement)
    let shared: Inflater? = setup & 8 == 0 ? nil : Inflater()
    var heard: [[UInt8]] = []
    var kept: [UInt8] = []
    var index = 0
    var isOver = false
    while index < bytes.count {
        let end = min(bytes.count, index + Int.random(in: 1...longestPiece, using: &cuts))
        var input = kept + bytes[index..<end]
        index = end
        var offset = 0
        input.withUnsafeMutableBufferPointer { buffer in
            while true {
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[offset...])
                do throws(WebSocketFailure) {
                    let step = try reader.next(rest, sharing: shared)
                    precondition(step.consumed >= 0 && step.consumed <= rest.count)
                    // The message, with the room that a growing buffer has, and an inflater of its own.
                    precondition(reader.heldByteCount <= 2 * limits.messageByteCount + 41 * 1024)
                    precondition(step.event == nil || !isOver)
                    if let event = step.event {
                        let (said, ends) = describe(event, rest, reader)
                        heard.append(said)
                        isOver = isOver || ends
                    }
                    offset += step.consumed
                    if step.isWaiting { break }
                } catch {
                    precondition(!isOver)
                    isOver = true
                    heard.append([0xFF] + Array("\(error)".utf8))
                }
            }
        }
        kept = Array(input[offset...])
        precondition(kept.count < 14 + 125)
    }
    return heard
}

private func describe(
    _ event: ReadEvent, _ input: UnsafeMutableBufferPointer<UInt8>, _ reader: borrowing MessageReader
) -> (said: [UInt8], ends: Bool) {
    switch event {
    case .message(let opcode, let range): return ([opcode.rawValue] + input[range], false)
    case .assembledMessage(let opcode): return ([opcode.rawValue] + reader.message.array, false)
    case .ping(let range): return ([9] + input[range], false)
    case .pong(let range): return ([10] + input[range], false)
    case .close(let code, let reason):
        let value = code ?? 0
        return ([8, UInt8(value >> 8), UInt8(value & 255)] + input[reason], true)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 2, count: count - 2))
    let setup = data[0]
    var cuts = SeededGenerator(seed: UInt64(data[1]))
    let whole = hear(bytes, setup: setup, cuts: &cuts, longestPiece: 1 << 40)
    for longestPiece in [1, 7, 64, 1_024] {
        let inPieces = hear(bytes, setup: setup, cuts: &cuts, longestPiece: longestPiece)
        precondition(inPieces == whole, "cut in pieces of \(longestPiece) it means something else")
    }
    _ = PerMessageDeflate.negotiate(offers: [bytes], preferences: .init())
    _ = Handshake.acceptValue(forKey: bytes.span)
    return 0
}
