/// A topic's state as the lines that its publishers could have sent.
package import Primitives

extension TopicState {
    /// Appends what is kept of the topic, oldest first, each as an object that `POST /publish` takes, on a line of its own; returns how
    /// many lines. Of a topic that has ended there are none, nor of one whose time is over at `now`.
    package func writeLines(to output: inout ByteBuffer, at now: Instant) throws(JSONFailure) -> Int {
        let left = timeToLive.interval.map { (accepted + $0).since(now) }
        if isEnded || left.map({ $0 <= .zero }) == true { return 0 }
        guard let log, !log.kept.isEmpty else {
            try Self.write(latest, lasting: left, to: &output)
            return 1
        }
        for kept in log.kept.dropLast() { try Self.write(kept.payload, lasting: nil, to: &output) }
        // How long the topic lasts its last update says.
        try Self.write(log.kept[log.kept.count - 1].payload, lasting: left, to: &output)
        return log.kept.count
    }

    /// Of a reader's line a publisher says all but the version and the gateway's time.
    private static func write(
        _ line: Payload, lasting left: Duration?, to output: inout ByteBuffer
    ) throws(JSONFailure) {
        defer { withExtendedLifetime(line) {} }
        var scanner = JSONScanner(line.unsafeBytes.span)
        try scanner.enterObject()
        var separator = ASCII.openBrace
        while let name = try scanner.nextMember() {
            let range = try scanner.value()
            let isValue = name.equals("data", in: scanner.bytes)
            if isValue, let left {
                output.append(separator)
                output.append("\"ttl\":")
                output.append(lifetime: left)
            }
            guard isValue || name.isOfPublishers(in: scanner.bytes) else { continue }
            output.append(separator)
            separator = ASCII.comma
            output.append(jsonString: scanner.bytes.extracting(name.range))
            output.append(UInt8(ascii: ":"))
            output.append(scanner.bytes.extracting(range))
        }
        output.append(ASCII.closeBrace)
        output.append(ASCII.lineFeed)
    }
}

extension JSONString {
    fileprivate func isOfPublishers(in text: Span<UInt8>) -> Bool {
        equals("topic", in: text) || equals("at", in: text) || equals("deleted", in: text)
    }
}

extension ByteBuffer {
    /// Seconds with three places, from a millisecond to the year that publishers may say.
    fileprivate mutating func append(lifetime left: Duration) {
        let milliseconds = UInt64(min(max(left.inSeconds * 1000, 1), 31_536_000_000))
        append(decimal: milliseconds / 1000)
        append(UInt8(ascii: "."))
        let fraction = milliseconds % 1000
        append(fraction < 100 ? (fraction < 10 ? "00" : "0") : "")
        append(decimal: fraction)
    }
}
