/// One connection of the tool. It holds no memory while it waits.
import Foundation

struct Reader {
    enum State: Equatable {
        /// Waits for the text that ends this step of the server's script.
        case opening(step: Int)
        case live
        case closed
    }

    /// Nil once it is closed.
    var link: ReaderLink?
    var state = State.opening(step: 0)
    var scanner = StampScanner()
    var frames = FrameWalker()
    /// Whether the answer to the WebSocket's upgrade has been read.
    var isUpgraded = false
    /// Reads by the clock, or not at all.
    var isSlow = false
}

/// The part of a long poll's answer that has come.
struct PollAnswer {
    private(set) var bytes: [UInt8] = []

    private static let fieldsEnd = Array("\r\n\r\n".utf8)
    private static let length = Array("\r\ncontent-length: ".utf8)
    private static let tag = Array("\r\netag: ".utf8)
    private static let date = Array("\r\nlast-modified: ".utf8)

    mutating func append(_ piece: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: piece) }

    /// Where the fields of a complete answer end; nil while it is incomplete.
    var fieldsEnd: Int? {
        guard let end = bytes.firstIndex(of: Self.fieldsEnd) else { return nil }
        let length = bytes.field(Self.length, before: end).reduce(0) { $0 * 10 + Int($1 & 15) }
        return bytes.count >= end + 4 + length ? end : nil
    }

    /// Appends the fields that make the next request continue where this answer ended (RFC 9110 §13.1).
    func appendConditions(to question: inout [UInt8], fieldsEnd: Int) {
        let tag = bytes.field(Self.tag, before: fieldsEnd)
        if !tag.isEmpty { question += Array("If-None-Match: ".utf8) + tag + [13, 10] }
        let date = bytes.field(Self.date, before: fieldsEnd)
        if !date.isEmpty { question += Array("If-Modified-Since: ".utf8) + date + [13, 10] }
    }
}
