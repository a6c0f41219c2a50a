/// Turns a terminal's bytes into keys and mouse events, however they are cut.
///
/// Pure: an Esc that stands alone and one that begins a sequence differ only by what follows, so whoever reads the
/// terminal keeps the time, and calls `timeOut` when nothing has followed.
internal import Primitives

package struct InputParser: Sendable {
    private var pending: [UInt8] = []

    /// No sequence that we know is longer; what is must be noise.
    private static let sequenceLimit = 64
    /// Lines that one step of the wheel moves.
    private static let wheelLines = 3

    package init() {}

    /// Bytes wait that may be the start of more.
    package var isWaiting: Bool { !pending.isEmpty }
    /// All that waits is Esc; a person's Esc is then more likely than a sequence cut right there.
    package var isLoneEscape: Bool { pending == [Self.escape] }

    package mutating func feed(_ bytes: some Sequence<UInt8>, into events: inout [InputEvent]) {
        pending.append(contentsOf: bytes)
        take(into: &events)
    }

    /// Nothing followed in time: what waits was meant as it stands.
    package mutating func timeOut(into events: inout [InputEvent]) {
        guard let first = pending.first else { return }
        pending.removeFirst()
        if first == Self.escape { events.append(.key(.escape)) }
        take(into: &events)
    }

    private mutating func take(into events: inout [InputEvent]) {
        var start = 0
        while start < pending.count, let step = Self.step(pending[start...]) {
            if let event = step.event { events.append(event) }
            start += step.byteCount
        }
        pending.removeFirst(start)
    }

    // MARK: One event

    private static let escape: UInt8 = 0x1B

    /// What stands first in `bytes` and how long it is; nil while that can't be told.
    private static func step(_ bytes: ArraySlice<UInt8>) -> (event: InputEvent?, byteCount: Int)? {
        guard let first = bytes.first else { return nil }
        switch first {
        case escape: return sequence(bytes)
        case ASCII.carriageReturn, ASCII.lineFeed: return (.key(.enter), 1)
        case ASCII.tab: return (.key(.tab), 1)
        case 0x08, ASCII.delete: return (.key(.backspace), 1)
        case 0x01...0x1A: return (.key(.control(Unicode.Scalar(first + 0x60))), 1)
        case 0x20...0x7E: return (.key(.text(Unicode.Scalar(first))), 1)
        case 0xC2...0xF4: return character(bytes)
        default: return (nil, 1)  // No key sends these.
        }
    }

    private static func character(_ bytes: ArraySlice<UInt8>) -> (event: InputEvent?, byteCount: Int)? {
        let first = bytes[bytes.startIndex]
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        let found = bytes.prefix(length)
        if let stranger = found.dropFirst().firstIndex(where: { $0 & 0xC0 != 0x80 }) {
            return (nil, stranger - bytes.startIndex)
        }
        guard found.count == length else { return nil }
        let scalars = String(decoding: found, as: UTF8.self).unicodeScalars
        guard let scalar = scalars.first, scalar != "\u{FFFD}" else { return (nil, length) }
        return (.key(.text(scalar)), length)
    }

    private static func sequence(_ bytes: ArraySlice<UInt8>) -> (event: InputEvent?, byteCount: Int)? {
        guard bytes.count > 1 else { return nil }
        switch bytes[bytes.startIndex + 1] {
        case UInt8(ascii: "["): return controlSequence(bytes)
        case UInt8(ascii: "O"):
            guard bytes.count > 2 else { return nil }
            return (key(final: bytes[bytes.startIndex + 2]).map { .key($0) }, 3)
        default: return (.key(.escape), 1)  // What follows is a key of its own.
        }
    }

    /// `ESC [`, parameters, and one byte that ends it (ECMA-48 §5.4).
    private static func controlSequence(
        _ bytes: ArraySlice<UInt8>
    ) -> (event: InputEvent?, byteCount: Int)? {
        let body = bytes.dropFirst(2)
        guard let end = body.firstIndex(where: { $0 < 0x20 || $0 >= 0x40 }) else {
            return bytes.count < sequenceLimit ? nil : (nil, bytes.count)
        }
        // A control character inside is the start of something else.
        guard bytes[end] >= 0x40 else { return (nil, end - bytes.startIndex) }
        let length = end - bytes.startIndex + 1
        let parameters = body[..<end]
        switch bytes[end] {
        case UInt8(ascii: "M") where parameters.isEmpty:
            // The mouse as terminals without SGR reports tell it: three bytes follow.
            guard bytes.count >= length + 3 else { return nil }
            let report = bytes.dropFirst(length).prefix(3).map { Int($0) - 32 }
            return (mouse(button: report[0], column: report[1], row: report[2]), length + 3)
        case UInt8(ascii: "M") where parameters.first == UInt8(ascii: "<"):
            let report = numbers(parameters.dropFirst())
            guard report.count == 3 else { return (nil, length) }
            return (mouse(button: report[0], column: report[1], row: report[2]), length)
        case UInt8(ascii: "~"): return (event(number: numbers(parameters).first ?? 0), length)
        default: return (key(final: bytes[end]).map { .key($0) }, length)
        }
    }

    private static func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
        parameters.split(separator: ASCII.semicolon, omittingEmptySubsequences: false).map {
            Int(String(decoding: $0, as: UTF8.self)) ?? 0
        }
    }

    private static func key(final byte: UInt8) -> Key? {
        switch byte {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "M"): .enter
        default: nil
        }
    }

    private static func event(number: Int) -> InputEvent? {
        switch number {
        case 1, 7: .key(.home)
        case 3: .key(.delete)
        case 4, 8: .key(.end)
        case 5: .key(.pageUp)
        case 6: .key(.pageDown)
        case 200: .pasteBegan
        case 201: .pasteEnded
        default: nil
        }
    }

    /// Bits 2 to 4 of a button are Shift, Alt and Ctrl; bit 5 says that the mouse moved.
    private static func mouse(button: Int, column: Int, row: Int) -> InputEvent? {
        let row = max(row - 1, 0)
        return switch button & ~0x1C {
        case 0: .press(column: max(column - 1, 0), row: row)
        case 64: .wheel(-wheelLines, row: row)
        case 65: .wheel(wheelLines, row: row)
        default: nil
        }
    }
}
