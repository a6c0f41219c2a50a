/// Immutable bytes, shared by reference between threads: the gateway encodes an update once, and sends every
/// subscriber on every loop the same bytes.
///
/// Two allocations: the object and its bytes.
public final class Payload: Sendable {
    /// Needs no lock: written only while the payload is being made, afterwards only read.
    public nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>
    public let byteCount: Int

    /// Makes a payload of exactly `byteCount` bytes; `fill` must write all of them.
    @inlinable public init(byteCount: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        base = .allocate(capacity: max(byteCount, 1))
        self.byteCount = byteCount
        fill(base)
    }

    deinit {
        base.deallocate()
    }

    public convenience init(_ bytes: Span<UInt8>) {
        self.init(byteCount: bytes.count) { destination in
            bytes.withUnsafeBufferPointer { source in
                if let first = source.baseAddress { destination.update(from: first, count: source.count) }
            }
        }
    }

    /// The bytes, valid while somebody holds the payload.
    @inlinable public var unsafeBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base, count: byteCount)
    }

    /// The bytes as text; bytes that are not UTF-8 become U+FFFD. For tests and messages.
    public var text: String { String(decoding: unsafeBytes, as: UTF8.self) }
}
