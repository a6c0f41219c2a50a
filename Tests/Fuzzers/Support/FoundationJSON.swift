/// Foundation's opinion of a JSON text, where its grammar and ours agree.
import Foundation
import Primitives

/// Whether Foundation reads `text` as one JSON value; nil where the two grammars may differ.
func foundationAccepts(_ text: [UInt8]) -> Bool? {
    guard canCompare(text) else { return nil }
    return (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
}

/// Whether Foundation reads the same grammar: UTF-8 (it guesses others), of no great depth, without numbers
/// that a double cannot hold and without halves of surrogate pairs, all of which RFC 8259 leaves open; nor with
/// a comma before a container's end, which it lets pass.
private func canCompare(_ input: [UInt8]) -> Bool {
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
