// Invariant: any text is accepted or refused without reading outside it; an accepted value is found again, in the
// same place, when its slice is scanned alone and when it is walked member by member; a value on one line is the
// same value; and where its grammar and ours agree, Foundation accepts and refuses the same texts.

import Foundation
import Primitives

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let range = document(input.span)
    if let range {
        let slice = Array(input[range])
        precondition(document(slice.span) == 0..<slice.count, "a slice is another value")
        var scanner = JSONScanner(input.span)
        precondition(walk(&scanner, depth: 0), "an accepted value could not be walked")
        precondition(scanner.position == range.upperBound, "walking ended elsewhere")
        var line = ByteBuffer()
        line.append(jsonLine: slice.span)
        precondition(document(line.bytes) == 0..<slice.count, "a value on one line is another value")
        precondition(!line.bytes.array.contains(10), "a value on one line has two")
    }
    if canCompare(input) {
        let theirs = (try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)) != nil
        precondition(theirs == (range != nil), "Foundation thinks otherwise")
    }
    return 0
}

/// Where the only value of `text` stands; nil when it is refused.
func document(_ text: Span<UInt8>) -> Range<Int>? {
    var scanner = JSONScanner(text)
    do throws(JSONFailure) {
        let range = try scanner.value()
        try scanner.end()
        return range
    } catch {
        precondition(error.offset <= text.count, "refused outside the text")
        return nil
    }
}

/// Reads the next value by its structure; false where it is refused.
func walk(_ scanner: inout JSONScanner, depth: Int) -> Bool {
    do throws(JSONFailure) {
        switch scanner.peek() {
        case .object:
            try scanner.enterObject()
            while let name = try scanner.nextMember() {
                _ = name.decoded(in: scanner.bytes)
                _ = name.equals("topic", in: scanner.bytes)
                guard walk(&scanner, depth: depth + 1) else { return false }
            }
        case .array:
            try scanner.enterArray()
            while try scanner.nextElement() {
                guard walk(&scanner, depth: depth + 1) else { return false }
            }
        case .string:
            let string = try scanner.string()
            if let decoded = string.decoded(in: scanner.bytes) { checkString(decoded) }
        case .number:
            let before = scanner.position
            do throws(JSONFailure) {
                _ = try scanner.number()
            } catch {
                // A number may be too large for a double, and still a number.
                precondition(scanner.position > before, "an accepted number was not one")
            }
        case .boolean: _ = try scanner.boolean()
        case .null: return try scanner.null()
        case nil: return false
        }
        return true
    } catch { return false }
}

/// What is written as a string is read back as it.
func checkString(_ text: [UInt8]) {
    var buffer = ByteBuffer()
    buffer.append(jsonString: text.span)
    var scanner = JSONScanner(buffer.bytes)
    let string = try? scanner.string()
    precondition(string?.decoded(in: buffer.bytes) == text, "a written string reads differently")
}

/// Whether Foundation reads the same grammar: UTF-8 (it guesses others), of no great depth, without numbers
/// that a double cannot hold and without halves of surrogate pairs, all of which RFC 8259 leaves open; nor with
/// a comma before a container's end, which it lets pass.
func canCompare(_ input: [UInt8]) -> Bool {
    guard !input.contains(0), !input.starts(with: [0xEF, 0xBB, 0xBF]), !input.starts(with: [0xFE, 0xFF]),
        !input.starts(with: [0xFF, 0xFE]), String(validating: input, as: UTF8.self) != nil
    else { return false }
    var digits = 0
    var lastToken: UInt8 = 0
    for (index, byte) in input.enumerated() {
        digits = ASCII.isDigit(byte) || byte == ASCII.period ? digits + 1 : 0
        if digits > 15 || (digits > 0 && index + 1 < input.count && input[index + 1] | 0x20 == 0x65) {
            return false
        }
        if lastToken == ASCII.comma, byte == ASCII.closeBracket || byte == ASCII.closeBrace { return false }
        if byte > ASCII.space { lastToken = byte }
        if byte == ASCII.backslash, index + 2 < input.count, input[index + 1] == 0x75,
            input[index + 2] | 0x20 == 0x64
        {
            return false
        }
    }
    return input.count { $0 == ASCII.openBrace || $0 == ASCII.openBracket } < JSONScanner.depthLimit
}
