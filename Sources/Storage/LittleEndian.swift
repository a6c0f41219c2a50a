/// Numbers as the files hold them: the lowest byte first.
internal import Primitives

extension ByteBuffer {
    mutating func append(zeros count: Int) {
        _ = appendUnsafe(upTo: count) { free in
            free.baseAddress?.update(repeating: 0, count: count)
            return count
        }
    }
}

extension Span<UInt8> {
    /// The number at `offset`, which must be within the span.
    func littleEndian<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self) -> Number
    {
        let place = extracting(offset..<offset + MemoryLayout<Number>.size)
        return place.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }
}
