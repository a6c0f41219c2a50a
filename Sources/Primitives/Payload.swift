/// Immutable bytes, shared by reference between threads: the gateway encodes an update once, and sends every
/// subscriber on every loop the same bytes.
///
/// One allocation, the bytes behind their number.
///
/// Needs no lock: written only while it is being made, afterwards only read.
@frozen public struct Payload: @unchecked Sendable {
    @usableFromInline final class Storage: ManagedBuffer<Int, UInt8> {
        @usableFromInline @inline(__always) var bytes: UnsafeMutableBufferPointer<UInt8> {
            withUnsafeMutablePointers { UnsafeMutableBufferPointer(start: $1, count: $0.pointee) }
        }
    }

    @usableFromInline let storage: Storage

    /// Makes a payload of exactly `byteCount` bytes; `fill` must write all of them.
    @inlinable public init(byteCount: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        let made = Storage.create(minimumCapacity: byteCount) { _ in byteCount }
        storage = unsafeDowncast(made, to: Storage.self)
        made.withUnsafeMutablePointerToElements(fill)
    }

    public init(_ bytes: Span<UInt8>) {
        self.init(byteCount: bytes.count) { destination in
            bytes.withUnsafeBufferPointer { source in
                if let first = source.baseAddress { destination.update(from: first, count: source.count) }
            }
        }
    }

    public var byteCount: Int { storage.header }

    /// The bytes, valid while somebody holds the payload.
    @inlinable public var unsafeBytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(storage.bytes) }

    /// The bytes as text; bytes that are not UTF-8 become U+FFFD. For tests and messages.
    public var text: String { String(decoding: unsafeBytes, as: UTF8.self) }
}
