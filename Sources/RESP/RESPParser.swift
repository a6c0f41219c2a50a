package import Primitives

/// Reads replies (RESP2), one after another, from bytes cut anywhere. Each byte costs the same, however it comes.
///
/// What is complete of a reply is taken out of the input at once; only a line or a bulk string of which a part is missing stays
/// there. Behind a failure nothing can be read: the connection must end.
package struct RESPParser: Sendable {
    /// An array of which elements are missing.
    private struct OpenArray: Sendable {
        var elements: [RESPValue]
        let count: Int
    }

    /// What stands at the beginning of the input.
    private enum Part {
        case value(RESPValue)
        /// An array of at least one element begins.
        case array(count: Int)
        /// A bulk string of so many bytes begins.
        case bulk(byteCount: Int)
    }

    /// Room that an array gets before its elements have come; a server may promise more than it sends.
    private static let reservedElementCount = 1024

    private let limits: RESPLimits
    /// The outermost first.
    private var open: [OpenArray] = []
    /// The bytes of a bulk string whose length was read.
    private var bulkByteCount: Int?
    /// How many bytes of the input are known to hold no line end.
    private var scannedByteCount = 0
    /// Of the present reply: bytes taken, and elements announced.
    private var byteCount = 0
    private var elementCount = 0

    package init(limits: RESPLimits = .init()) {
        self.limits = limits
    }

    /// Takes the next reply out of `input`; nil while a part of it is missing: call it again with more behind what is left.
    package mutating func next(from input: inout ByteBuffer) throws(RESPFailure) -> RESPValue? {
        while let (part, taken) = try nextPart(input.bytes) {
            input.consume(taken)
            byteCount += taken
            guard byteCount <= limits.replyByteCount else { throw tooLong }
            switch part {
            case .bulk(let count): bulkByteCount = count
            case .array(let count): try begin(arrayOf: count)
            case .value(let value):
                guard let reply = add(value) else { continue }
                byteCount = 0
                elementCount = 0
                return reply
            }
        }
        return nil
    }

    private var tooLong: RESPFailure { .replyTooLong(byteCountLimit: limits.replyByteCount) }

    // MARK: Arrays

    private mutating func begin(arrayOf count: Int) throws(RESPFailure) {
        elementCount += count
        guard elementCount <= limits.elementCount else {
            throw .tooManyElements(countLimit: limits.elementCount)
        }
        guard open.count < RESPLimits.depth else { throw .tooDeep(depthLimit: RESPLimits.depth) }
        var elements: [RESPValue] = []
        elements.reserveCapacity(min(count, Self.reservedElementCount))
        open.append(OpenArray(elements: elements, count: count))
    }

    /// Adds `value` to the innermost array and closes those that are complete with it. Returns the reply once it is whole.
    private mutating func add(_ value: RESPValue) -> RESPValue? {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            guard open[last].elements.count == open[last].count else { return nil }
            value = .array(open.removeLast().elements)
        }
        return value
    }

    // MARK: Parts

    /// What stands at the beginning of `bytes`, and its length; nil while its end is missing.
    private mutating func nextPart(_ bytes: Span<UInt8>) throws(RESPFailure) -> (part: Part, byteCount: Int)?
    {
        if let count = bulkByteCount { return try bulk(bytes, count) }
        guard bytes.count > 0 else { return nil }
        guard Self.types.contains(bytes[0]) else { throw .unknownType(bytes[0]) }
        guard let end = try lineEnd(bytes) else { return nil }
        return (try part(of: bytes[0], bytes.extracting(1..<end)), end + 2)
    }

    private static let types: [UInt8] = Array("+-:$*".utf8)

    /// Where the first line ends; nil while it does not.
    private mutating func lineEnd(_ bytes: Span<UInt8>) throws(RESPFailure) -> Int? {
        var index = scannedByteCount
        while index < bytes.count, bytes[index] != ASCII.carriageReturn {
            guard bytes[index] != ASCII.lineFeed else { throw .malformedLineEnd }
            index += 1
            // The type's byte is not counted.
            guard index <= limits.lineByteCount + 1 else {
                throw .lineTooLong(byteCountLimit: limits.lineByteCount)
            }
        }
        scannedByteCount = index
        guard index + 1 < bytes.count else { return nil }
        guard bytes[index + 1] == ASCII.lineFeed else { throw .malformedLineEnd }
        scannedByteCount = 0
        return index
    }

    private func part(of type: UInt8, _ line: Span<UInt8>) throws(RESPFailure) -> Part {
        switch type {
        case UInt8(ascii: "+"): return .value(.text(line.text))
        case UInt8(ascii: "-"): return .value(.error(RESPError(line.text)))
        case UInt8(ascii: ":"): return .value(.integer(try Self.integer(line)))
        case UInt8(ascii: "$"):
            guard let count = try Self.count(line) else { return .value(.null) }
            guard count <= limits.bulkByteCount else {
                throw .bulkTooLong(byteCountLimit: limits.bulkByteCount)
            }
            guard count <= limits.replyByteCount else { throw tooLong }
            return .bulk(byteCount: count)
        default:
            guard let count = try Self.count(line) else { return .value(.null) }
            guard count <= limits.elementCount else {
                throw .tooManyElements(countLimit: limits.elementCount)
            }
            return count == 0 ? .value(.array([])) : .array(count: count)
        }
    }

    private mutating func bulk(
        _ bytes: Span<UInt8>, _ count: Int
    ) throws(RESPFailure) -> (part: Part, byteCount: Int)? {
        // A wrong end is told as soon as it is seen.
        if bytes.count > count, bytes[count] != ASCII.carriageReturn { throw .malformedBulkEnd }
        guard bytes.count >= count + 2 else { return nil }
        guard bytes[count + 1] == ASCII.lineFeed else { throw .malformedBulkEnd }
        bulkByteCount = nil
        return (.value(.bulk(bytes.extracting(0..<count).array)), count + 2)
    }

    // MARK: Numbers

    /// A length; nil for -1, which stands for nothing.
    private static func count(_ digits: Span<UInt8>) throws(RESPFailure) -> Int? {
        if digits.equals("-1") { return nil }
        guard let count = digits.decimal.flatMap({ Int(exactly: $0) }) else { throw .malformedNumber }
        return count
    }

    private static func integer(_ digits: Span<UInt8>) throws(RESPFailure) -> Int64 {
        guard digits.count > 0 else { throw .malformedNumber }
        let isNegative = digits[0] == ASCII.minus
        let hasSign = isNegative || digits[0] == UInt8(ascii: "+")
        guard let magnitude = digits.extracting((hasSign ? 1 : 0)...).decimal else { throw .malformedNumber }
        if isNegative, magnitude == Int64.min.magnitude { return .min }
        guard let value = Int64(exactly: magnitude) else { throw .malformedNumber }
        return isNegative ? -value : value
    }
}
