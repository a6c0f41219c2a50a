/// Walks through the answers to requests in a server's bytes, cut anywhere.

struct AnswerWalker {
    struct Answer {
        let status: Int
        /// The `ETag`, which is a poll's cursor, in quotes.
        let tag: String
        let contentByteCount: Int
        /// What comes behind the head is no content of a known length: frames, or events without end.
        let isEndless: Bool
    }

    private static let length = Array("\r\ncontent-length: ".utf8)
    private static let tag = Array("\r\netag: ".utf8)
    private static let coding = Array("\r\ntransfer-encoding: ".utf8)

    private var head: [UInt8] = []
    private var current: Answer?
    /// Bytes of the current answer's content that are still to come.
    private var remaining = 0

    /// Walks on, calls `found` with each answer that is complete, and returns how many bytes it walked: what comes behind
    /// the head of an endless answer is left.
    mutating func walk(_ bytes: UnsafeBufferPointer<UInt8>, found: (Answer) -> Void) -> Int {
        var place = 0
        while place < bytes.count {
            if current == nil {
                head.append(bytes[place])
                place += 1
                guard head.last == 10, head.count >= 4, head[head.count - 3] == 10 else { continue }
                begin()
            } else {
                let count = min(remaining, bytes.count - place)
                place += count
                remaining -= count
            }
            guard let answer = current, remaining == 0 else { continue }
            found(answer)
            current = nil
            if answer.isEndless { return place }
        }
        return place
    }

    /// The head is complete.
    private mutating func begin() {
        // "HTTP/1.1 200 OK"
        let status = head.dropFirst(9).prefix(3).reduce(0) { $0 * 10 + Int($1 & 15) }
        remaining = head.field(Self.length, before: head.count).reduce(0) { $0 * 10 + Int($1 & 15) }
        current = Answer(
            status: status, tag: String(decoding: head.field(Self.tag, before: head.count), as: UTF8.self),
            contentByteCount: remaining,
            isEndless: status == 101 || !head.field(Self.coding, before: head.count).isEmpty)
        head.removeAll(keepingCapacity: true)
    }
}
