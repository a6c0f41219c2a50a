// Invariant: any bytes are replies, the beginning of one, or refused; and which does not depend on how they were cut. What is
// held of a reply keeps to the limits. A reply written again is the same reply, and commands of any bytes are read back.
//
// The first byte of an input is the seed of the cuts; the rest are the bytes.

import Primitives
import RESP

/// Limits so small that inputs reach them.
private let limits = RESPLimits(lineByteCount: 40, bulkByteCount: 60, replyByteCount: 300, elementCount: 20)

/// What a parser made of its bytes.
private struct Outcome: Equatable {
    var replies: [RESPValue] = []
    var failure: RESPFailure?
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 1 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = outcome([input[...]])
    for longest in longestPieces(seed: start[0]) {
        let cut = outcome(pieces(of: input, longest: longest, seed: start[0]))
        promise(cut == whole, "the pieces made a difference")
    }
    for reply in whole.replies { check(reply) }
    checkCommand(pieces(of: input, longest: 20, seed: start[0]).map(Array.init))
    return 0
}

private func outcome(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
    var parser = RESPParser(limits: limits)
    var input = ByteBuffer()
    var outcome = Outcome()
    for piece in pieces {
        input.append(Array(piece))
        do throws(RESPFailure) {
            while let reply = try parser.next(from: &input) { outcome.replies.append(reply) }
        } catch {
            outcome.failure = error
            return outcome
        }
        promise(input.count <= limits.bulkByteCount + 2, "more was kept than a string that is not whole")
    }
    return outcome
}

private func check(_ reply: RESPValue) {
    promise(size(reply) <= limits.elementCount + 1, "more elements than the limit")
    _ = (reply.bytes, reply.string, reply.number, reply.error?.code, reply.error?.detail)
    var buffer = ByteBuffer()
    write(reply, to: &buffer)
    // Text that was no UTF-8 has grown.
    var parser = RESPParser()
    do throws(RESPFailure) {
        let again = try parser.next(from: &buffer)
        promise(again == reply && buffer.isEmpty, "written again it is another reply")
    } catch { broken("written again it is refused: \(error)") }
}

private func size(_ value: RESPValue) -> Int {
    1 + (value.elements ?? []).reduce(0) { $0 + size($1) }
}

private func write(_ value: RESPValue, to buffer: inout ByteBuffer) {
    switch value {
    case .text(let text): buffer.append("+\(text)\r\n" as String)
    case .error(let error): buffer.append("-\(error.text)\r\n" as String)
    case .integer(let number): buffer.append(":\(number)\r\n" as String)
    case .null: buffer.append("$-1\r\n" as String)
    case .bulk(let bytes):
        buffer.append("$\(bytes.count)\r\n" as String)
        buffer.append(bytes)
        buffer.append("\r\n" as String)
    case .array(let elements):
        buffer.append("*\(elements.count)\r\n" as String)
        for element in elements { write(element, to: &buffer) }
    }
}

private func checkCommand(_ words: [[UInt8]]) {
    guard !words.isEmpty else { return }
    var buffer = ByteBuffer()
    buffer.append(command: words.map { .bytes($0) })
    var parser = RESPParser()
    do throws(RESPFailure) {
        let read = try parser.next(from: &buffer)
        promise(read == .array(words.map { .bulk($0) }) && buffer.isEmpty, "a command is read as another")
    } catch { broken("a command is refused: \(error)") }
}
