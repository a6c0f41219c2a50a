/// Lines of a source that are not known to be published: kept until they are, so that they can be sent again.
internal import Primitives

struct UnconfirmedLines: ~Copyable {
    /// Each ends in a line feed, except perhaps the source's last.
    private var text = ByteBuffer()
    /// The first one's number in the source, from 1.
    private(set) var firstNumber: UInt64 = 1
    /// When the oldest of them came; `never` if there are none.
    private(set) var since = Instant.never

    var byteCount: Int { text.count }
    var isEmpty: Bool { text.isEmpty }

    /// Their numbers in the source; nil if there are none.
    var numbers: ClosedRange<UInt64>? {
        text.isEmpty ? nil : firstNumber...(firstNumber + lineCount(in: text.bytes) - 1)
    }

    mutating func append(_ lines: Span<UInt8>, at now: Instant) {
        if text.isEmpty { since = now }
        text.append(lines)
    }

    func send(over request: LineRequest) throws(ClientFailure) {
        try request.send(text.bytes)
    }

    mutating func confirmAll() {
        drop(text.count)
    }

    /// The first `updateCount` lines that are not blank were published. Drops them, and the blank ones before the next.
    mutating func confirm(updateCount: UInt64) {
        var rest = updateCount
        var start = 0
        while start < text.count {
            let bytes = text.bytes
            var end = start
            while end < bytes.count, bytes[end] != ASCII.lineFeed { end += 1 }
            if !isBlank(bytes.extracting(start..<end)) {
                if rest == 0 { break }
                rest -= 1
            }
            start = min(end + 1, bytes.count)
        }
        drop(start)
    }

    private mutating func drop(_ byteCount: Int) {
        firstNumber += lineCount(in: text.bytes.extracting(0..<byteCount))
        text.consume(byteCount)
        if text.isEmpty { since = .never }
    }

    private func lineCount(in lines: Span<UInt8>) -> UInt64 {
        var count: UInt64 = 0
        for index in lines.indices where lines[index] == ASCII.lineFeed { count += 1 }
        let endsInside = !lines.isEmpty && lines[lines.count - 1] != ASCII.lineFeed
        return endsInside ? count + 1 : count
    }

    /// What the gateway counts as a line, but not as an update.
    private func isBlank(_ line: Span<UInt8>) -> Bool {
        for index in line.indices {
            switch line[index] {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn: continue
            default: return false
            }
        }
        return true
    }
}
