/// One connection of the tool, without anything that costs memory while it waits.
import Foundation

struct Reader {
    enum State: Equatable {
        /// Waits for the text that ends this step of the server's script.
        case opening(step: Int)
        case live
        case closed
    }

    let socket: Int32
    var state = State.opening(step: 0)
    var scanner = StampScanner()
    /// Reads by the clock, or not at all.
    var isSlow = false
}

/// What came of an answer to a long poll, and what the next question needs of it.
struct PollAnswer {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ piece: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: piece) }

    /// The fields of a whole answer; nil while more is to come.
    var whole: (fields: String, byteCount: Int)? {
        guard let end = bytes.firstIndex(of: [13, 10, 13, 10]) else { return nil }
        let fields = String(decoding: bytes[..<end], as: UTF8.self)
        let length = Self.field("content-length", in: fields).flatMap { Int($0) } ?? 0
        return bytes.count >= end + 4 + length ? (fields, end + 4 + length) : nil
    }

    /// The names that make the next question go on where this answer ended (RFC 9110 §13.1).
    static func conditions(after fields: String) -> String {
        var conditions = ""
        if let tag = field("etag", in: fields) { conditions += "If-None-Match: \(tag)\r\n" }
        if let date = field("last-modified", in: fields) { conditions += "If-Modified-Since: \(date)\r\n" }
        return conditions
    }

    private static func field(_ name: String, in fields: String) -> String? {
        for line in fields.utf8.split(separator: 10) {
            let text = Substring(line)
            guard let colon = text.firstIndex(of: ":"), text[..<colon].lowercased() == name else { continue }
            return text[text.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return nil
    }
}
