/// Immutable bytes, shared by reference between threads: an update is encoded into one once, and every reader
/// on every loop is sent from it.
///
/// Two allocations: the object and its bytes.
public final class Payload: Sendable {
    /// Guarded by nothing: written while the payload is being made, only read after.
    public nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>
    public let byteCount: Int

    /// Makes a payload of exactly `byteCount` bytes; `fill` must write every one of them.
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

    /// The bytes, valid for as long as somebody holds the payload.
    @inlinable public var unsafeBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base, count: byteCount)
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD. For tests and messages.
    public var text: String { String(decoding: unsafeBytes, as: UTF8.self) }
}
