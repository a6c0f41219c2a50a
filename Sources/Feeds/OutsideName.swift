/// How names from outside become topics, the same for every feed (docs/configuration.md, "Names from outside").
internal import Broker
internal import Primitives

enum OutsideName {
    /// `name` itself where it is a topic. Otherwise what a topic can't hold is percent-encoded (RFC 3986 §2.1), and so is
    /// `%`. Empty only where `name` is.
    static func segments(_ name: [UInt8]) -> [UInt8] {
        if topicFault(name) == nil { return name }
        var topic: [UInt8] = []
        var segment: [UInt8] = []
        for (place, byte) in name.enumerated() {
            // A slash without a segment on both sides separates nothing, and belongs to the name.
            if byte == ASCII.slash, !segment.isEmpty, place < name.count - 1 {
                topic += encoded(segment) + [ASCII.slash]
                segment = []
            } else {
                segment.append(byte)
            }
        }
        return topic + encoded(segment)
    }

    static func segments(_ name: String) -> String {
        String(decoding: segments(Array(name.utf8)), as: UTF8.self)
    }

    /// `topic`; where it is longer than a topic may be, its beginning, `~` and a hash of all of it, which tells it from
    /// others that begin alike.
    static func fitted(_ topic: [UInt8]) -> [UInt8] {
        guard topic.count > TopicName.maximumByteCount else { return topic }
        var tail = ByteBuffer()
        tail.append(UInt8(ascii: "~"))
        tail.append(hexadecimal: hash(topic), digitCount: 16)
        var end = TopicName.maximumByteCount - tail.count
        // Neither a character nor an escape is cut.
        while topic[end] & 0xC0 == 0x80 { end -= 1 }
        if let escape = topic[..<end].suffix(2).lastIndex(of: ASCII.percent) { end = escape }
        return topic[..<end] + tail.array
    }

    // MARK: Encoding

    private static func encoded(_ segment: [UInt8]) -> [UInt8] {
        if segment == [ASCII.period] || segment == [ASCII.period, ASCII.period] {
            return segment.flatMap(escape)
        }
        var encoded: [UInt8] = []
        var parser = Unicode.UTF8.ForwardParser()
        var bytes = segment.makeIterator()
        var place = 0
        while place < segment.count {
            switch parser.parseScalar(from: &bytes) {
            case .valid(let scalar):
                let isHeld = scalar.count > 1 || holds(segment[place])
                encoded += isHeld ? Array(scalar) : escape(segment[place])
                place += scalar.count
            case .error(let length):
                encoded += segment[place..<(place + length)].flatMap(escape)
                place += length
            case .emptyInput: return encoded
            }
        }
        return encoded
    }

    /// Whether an ASCII character stands for itself within a segment.
    private static func holds(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...ASCII.space, ASCII.delete, ASCII.comma, ASCII.asterisk, ASCII.slash, ASCII.percent: false
        default: true
        }
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [ASCII.percent, digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
    }

    /// FNV-1a of 64 bits (draft-eastlake-fnv): the same in every run, unlike the standard library's.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
