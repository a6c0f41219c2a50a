/// Turns a terminal's bytes into keys and mouse events, wherever the bytes were cut.
///
/// Pure. Only the following byte tells a lone Esc from the beginning of a sequence. So the caller keeps the time, and
/// calls `timeOut` when nothing has followed.
internal import Primitives

package struct InputParser: Sendable {
    private var pending: [UInt8] = []
    /// Inside a sequence that is too long: its bytes are dropped, up to the byte that ends it.
    private var isInNoise = false

    /// All known sequences are shorter; a longer one must be noise.
    private static let sequenceLimit = 64
    /// Lines that one step of the wheel moves.
    private static let wheelLines = 3

    package init() {}

    /// Pending bytes may be the start of a sequence.
    package var isWaiting: Bool { !pending.isEmpty || isInNoise }
    /// Only an Esc is pending. It is more likely a person's Esc than a sequence cut right there.
    package var isLoneEscape: Bool { pending == [Self.escape] }

    package mutating func feed(_ bytes: some Sequence<UInt8>, into events: inout [InputEvent]) {
        pending.append(contentsOf: bytes)
        take(into: &events)
    }

    /// Nothing followed in time: the first pending byte stands for itself.
    package mutating func timeOut(into events: inout [InputEvent]) {
        isInNoise = false
        guard let first = pending.first else { return }
        pending.removeFirst()
        if first == Self.escape { events.append(.key(.escape)) }
        take(into: &events)
    }

    private mutating func take(into events: inout [InputEvent]) {
        var start = 0
        while start < pending.count {
            if isInNoise {
                start = passNoise(from: start)
                continue
            }
            guard let step = Self.step(pending[start...]) else { break }
            if let event = step.event { events.append(event) }
            isInNoise = step.isNoise
            start += step.byteCount
        }
        pending.removeFirst(start)
    }

    /// Where the noise at `start` ends, or the end of `pending`.
    private mutating func passNoise(from start: Int) -> Int {
        guard let end = pending[start...].firstIndex(where: Self.endsSequence) else { return pending.count }
        isInNoise = false
        return pending[end] < 0x20 ? end : end + 1
    }

    // MARK: One event

    private static let escape: UInt8 = 0x1B

    /// The first event in some bytes, if there is one, and its length.
    private struct Step {
        let event: InputEvent?
        let byteCount: Int
        /// The bytes that follow still belong to this noise.
        var isNoise = false

        init(_ event: InputEvent?, _ byteCount: Int) {
            self.event = event
            self.byteCount = byteCount
        }
    }

    /// The first event in `bytes`; nil while it is undecided.
    private static func step(_ bytes: ArraySlice<UInt8>) -> Step? {
        guard let first = bytes.first else { return nil }
        switch first {
        case escape: return sequence(bytes)
        case ASCII.carriageReturn, ASCII.lineFeed: return Step(.key(.enter), 1)
        case ASCII.tab: return Step(.key(.tab), 1)
        case 0x08, ASCII.delete: return Step(.key(.backspace), 1)
        case 0x01...0x1A: return Step(.key(.control(Unicode.Scalar(first + 0x60))), 1)
        case 0x20...0x7E: return Step(.key(.text(Unicode.Scalar(first))), 1)
        case 0xC2...0xF4: return character(bytes)
        default: return Step(nil, 1)  // No key sends these.
        }
    }

    private static func character(_ bytes: ArraySlice<UInt8>) -> Step? {
        let first = bytes[bytes.startIndex]
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        let found = bytes.prefix(length)
        if let stranger = found.dropFirst().firstIndex(where: { $0 & 0xC0 != 0x80 }) {
            return Step(nil, stranger - bytes.startIndex)
        }
        guard found.count == length else { return nil }
        let scalars = String(decoding: found, as: UTF8.self).unicodeScalars
        guard let scalar = scalars.first, scalar != "\u{FFFD}" else { return Step(nil, length) }
        return Step(.key(.text(scalar)), length)
    }

    private static func sequence(_ bytes: ArraySlice<UInt8>) -> Step? {
        guard bytes.count > 1 else { return nil }
        switch bytes[bytes.startIndex + 1] {
        case UInt8(ascii: "["): return controlSequence(bytes)
        case UInt8(ascii: "O"):
            guard bytes.count > 2 else { return nil }
            return Step(key(final: bytes[bytes.startIndex + 2]).map { .key($0) }, 3)
        default: return Step(.key(.escape), 1)  // The next bytes are a key of their own.
        }
    }

    /// `ESC [`, parameters, and one byte that ends it (ECMA-48 §5.4).
    private static func controlSequence(_ bytes: ArraySlice<UInt8>) -> Step? {
        // Looks no further than the limit: the result must not depend on how many bytes came at once.
        let body = bytes.prefix(sequenceLimit).dropFirst(2)
        guard let end = body.firstIndex(where: endsSequence) else {
            guard bytes.count >= sequenceLimit else { return nil }
            var noise = Step(nil, sequenceLimit)
            noise.isNoise = true
            return noise
        }
        // A control character inside begins something else.
        guard bytes[end] >= 0x40 else { return Step(nil, end - bytes.startIndex) }
        let length = end - bytes.startIndex + 1
        let parameters = body[..<end]
        switch bytes[end] {
        case UInt8(ascii: "M") where parameters.isEmpty:
            // A mouse report of terminals without SGR reports: three bytes follow.
            guard bytes.count >= length + 3 else { return nil }
            let report = bytes.dropFirst(length).prefix(3).map { Int($0) - 32 }
            return Step(mouse(button: report[0], column: report[1], row: report[2]), length + 3)
        case UInt8(ascii: "M") where parameters.first == UInt8(ascii: "<"):
            let report = numbers(parameters.dropFirst())
            guard report.count == 3 else { return Step(nil, length) }
            return Step(mouse(button: report[0], column: report[1], row: report[2]), length)
        case UInt8(ascii: "~"): return Step(event(number: numbers(parameters).first ?? 0), length)
        default: return Step(key(final: bytes[end]).map { .key($0) }, length)
        }
    }

    /// Whether a byte ends a control sequence, or breaks it off, being a control character.
    private static func endsSequence(_ byte: UInt8) -> Bool { byte < 0x20 || byte >= 0x40 }

    /// The numbers between semicolons. No screen has more than 65,535 columns; larger numbers are noise, and could
    /// overflow later arithmetic.
    private static func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
        parameters.split(separator: ASCII.semicolon, omittingEmptySubsequences: false).map {
            Int(UInt16(String(decoding: $0, as: UTF8.self)) ?? 0)
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

    /// Bits 2 to 4 of a button are Shift, Alt and Ctrl; bit 5 means that the mouse moved.
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
