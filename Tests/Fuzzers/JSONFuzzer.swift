// Invariant: any text is accepted or refused without reading outside it; an accepted value is found again, in the
// same place, when its slice is scanned alone and when it is walked member by member; a value on one line is the
// same value; and where its grammar and ours agree, Foundation accepts and refuses the same texts.

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
    if let theirs = foundationAccepts(input) {
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
