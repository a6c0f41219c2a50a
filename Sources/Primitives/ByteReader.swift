/// Reads numbers and bytes in the order in which they were written, and never beyond the end.

/// Little-endian. Nil once there is less left than was asked for. Inlined: a start reads five numbers for each of a million updates.
public struct ByteReader {
    @usableFromInline var left: UnsafeBufferPointer<UInt8>

    /// `bytes` must outlive the reader and what it hands out.
    @inlinable public init(_ bytes: UnsafeBufferPointer<UInt8>) {
        left = bytes
    }

    @inlinable public var isAtEnd: Bool { left.isEmpty }
    @inlinable public var byteCount: Int { left.count }

    @inlinable public mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number?
    {
        let width = MemoryLayout<Number>.size
        guard let bytes = bytes(width) else { return nil }
        return Number(littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(as: Number.self))
    }

    /// The next bytes: a view, not a copy.
    @inlinable public mutating func bytes(_ count: Int) -> UnsafeBufferPointer<UInt8>? {
        guard count >= 0, count <= left.count else { return nil }
        defer { left = UnsafeBufferPointer(rebasing: left[count...]) }
        return UnsafeBufferPointer(rebasing: left[..<count])
    }

    /// Bytes behind their number, which takes four.
    @inlinable public mutating func countedBytes() -> UnsafeBufferPointer<UInt8>? {
        number(UInt32.self).flatMap { bytes(Int($0)) }
    }
}

extension ByteBuffer {
    public mutating func append(littleEndian number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { append($0.assumingMemoryBound(to: UInt8.self)) }
    }

    /// Bytes behind their number, as `countedBytes` reads them.
    public mutating func append(counted bytes: UnsafeBufferPointer<UInt8>) {
        append(littleEndian: UInt32(bytes.count))
        append(bytes)
    }
}
