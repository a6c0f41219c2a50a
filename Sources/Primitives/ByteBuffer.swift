/// A growable run of bytes, written at its end and consumed from its front. It owns its memory and frees it when it
/// is destroyed.
///
/// An empty buffer holds no memory, so an idle connection can keep one for nothing.
public struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    /// Bytes allocated, used or not.
    public internal(set) var capacity = 0

    public init() {}

    public init(capacity: Int) {
        reserve(capacity)
    }

    deinit {
        base?.deallocate()
    }

    /// The number of bytes that are not consumed yet.
    @inlinable public var count: Int { end - start }
    @inlinable public var isEmpty: Bool { end == start }

    /// The bytes that are not consumed yet, oldest first.
    @inlinable public var bytes: Span<UInt8> {
        @_lifetime(borrow self) get {
            let span = Span<UInt8>(_unsafeElements: unsafeBytes)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// The same bytes for a system call. Valid until the buffer is next changed.
    @inlinable public var unsafeBytes: UnsafeBufferPointer<UInt8> {
        guard let base else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: base + start, count: count)
    }

    /// A copy of `bytes`.
    public var array: [UInt8] { Array(unsafeBytes) }

    /// Makes room for `byteCount` more bytes at the end.
    @inlinable public mutating func reserve(_ byteCount: Int) {
        if capacity - end < byteCount { makeRoom(byteCount) }
    }

    @usableFromInline mutating func makeRoom(_ byteCount: Int) {
        let held = count
        let needed = held + byteCount
        // Sliding down is enough here. It moves no more bytes than were consumed before, so a byte costs O(1).
        if needed <= capacity, start >= held, let base {
            base.update(from: base + start, count: held)
        } else {
            let newCapacity = max(needed, capacity * 2, 64)
            let newBase = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
            if let base {
                newBase.update(from: base + start, count: held)
                base.deallocate()
            }
            base = newBase
            capacity = newCapacity
        }
        start = 0
        end = held
    }

    /// Drops the first `byteCount` bytes.
    @inlinable public mutating func consume(_ byteCount: Int) {
        precondition(byteCount <= count, "consumed more than the buffer holds")
        moveStart(byteCount)
    }

    @inlinable mutating func moveStart(_ byteCount: Int) {
        start += byteCount
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Drops all bytes and keeps the memory for the next use.
    @inlinable public mutating func removeAll() {
        start = 0
        end = 0
    }

    /// Drops every byte behind the first `newCount`.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount <= count, "truncated to more than the buffer holds")
        end = start + newCount
    }

    /// Lets `body` write into at least `byteCount` free bytes; it returns how many it wrote.
    @inlinable public mutating func appendUnsafe<E: Error>(
        upTo byteCount: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Int
    ) throws(E) -> Int {
        reserve(byteCount)
        guard let base else { return 0 }
        let free = UnsafeMutableBufferPointer(start: base + end, count: capacity - end)
        let written = try body(free)
        moveEnd(written)
        return written
    }

    @inlinable mutating func moveEnd(_ byteCount: Int) {
        precondition(byteCount >= 0 && end + byteCount <= capacity, "wrote past the buffer's room")
        end += byteCount
    }

    @inlinable public mutating func append(_ byte: UInt8) {
        reserve(1)
        base.unsafelyUnwrapped[end] = byte
        moveEnd(1)
    }

    @inlinable public mutating func append(_ source: UnsafeBufferPointer<UInt8>) {
        guard let first = source.baseAddress, source.count > 0 else { return }
        reserve(source.count)
        (base.unsafelyUnwrapped + end).update(from: first, count: source.count)
        moveEnd(source.count)
    }

    @inlinable public mutating func append(_ source: Span<UInt8>) {
        source.withUnsafeBufferPointer { append($0) }
    }

    @inlinable public mutating func append(_ source: [UInt8]) {
        source.withUnsafeBufferPointer { append($0) }
    }

    /// Appends a literal; nothing is allocated.
    @inlinable public mutating func append(_ literal: StaticString) {
        append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Disfavoured: a literal would otherwise become a `String` and go this longer way.
    @_disfavoredOverload
    public mutating func append(_ string: some StringProtocol) {
        let copied: Void? = string.utf8.withContiguousStorageIfAvailable { append($0) }
        if copied == nil { append(Array(string.utf8)) }
    }

    /// Appends `value` in decimal digits.
    @inlinable public mutating func append(decimal value: UInt64) {
        let digits = decimalDigitCount(value)
        reserve(digits)
        writeDecimal(value, digitCount: digits, to: base.unsafelyUnwrapped + end)
        moveEnd(digits)
    }

    /// Appends `value` in exactly `digitCount` lower-case hexadecimal digits.
    public mutating func append(hexadecimal value: UInt64, digitCount: Int) {
        for place in stride(from: (digitCount - 1) * 4, through: 0, by: -4) {
            append(ASCII.hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(place)) & 0xF))
        }
    }

    /// Overwrites unconsumed bytes from `offset` on: for a length that is known only after its content.
    public mutating func overwrite(at offset: Int, with replacement: UnsafeBufferPointer<UInt8>) {
        precondition(offset >= 0 && offset + replacement.count <= count, "overwrote outside the buffer")
        guard let base, let first = replacement.baseAddress else { return }
        (base + start + offset).update(from: first, count: replacement.count)
    }

    /// Overwrites unconsumed bytes with `value` in exactly `digitCount` lower-case hexadecimal digits.
    public mutating func overwrite(at offset: Int, hexadecimal value: UInt64, digitCount: Int) {
        precondition(offset >= 0 && offset + digitCount <= count, "overwrote outside the buffer")
        guard let base else { return }
        for place in 0..<digitCount {
            let shift = UInt64(digitCount - 1 - place) * 4
            base[start + offset + place] = ASCII.hexDigit(UInt8(truncatingIfNeeded: value >> shift) & 0xF)
        }
    }

    /// Replaces each unconsumed byte from `offset` on that `isUnwanted`.
    public mutating func replaceBytes(
        from offset: Int, with replacement: UInt8, where isUnwanted: (UInt8) -> Bool
    ) {
        precondition(offset >= 0 && offset <= count, "replaced outside the buffer")
        guard let base else { return }
        for index in (start + offset)..<end where isUnwanted(base[index]) { base[index] = replacement }
    }
}

/// The number of decimal digits of `value`, 1 to 20.
@inlinable public func decimalDigitCount(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10 {
        rest /= 10
        count += 1
    }
    return count
}

/// Writes the last `digitCount` decimal digits of `value`.
@inlinable public func writeDecimal(
    _ value: UInt64, digitCount: Int, to destination: UnsafeMutablePointer<UInt8>
) {
    var rest = value
    for place in stride(from: digitCount - 1, through: 0, by: -1) {
        destination[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
        rest /= 10
    }
}
