/// Which start of the machine it is: as long as that is the same, what a process has written is still in memory, whoever
/// was killed.
internal import Glibc
internal import Primitives

package struct BootID: Sendable, Equatable {
    /// 36 characters of an identifier, and some to spare.
    static let byteCount = 40

    package let text: String

    /// - Parameter text: as it stands in `/proc/sys/kernel/random/boot_id`; what is longer than 40 bytes is cut.
    package init(_ text: String) {
        self.text = String(
            decoding: text.utf8.prefix(Self.byteCount).prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    }

    /// No start of any machine.
    static let none = BootID("")

    /// This machine's. A system that does not tell has started anew each time, for all that anybody knows.
    package static func current() -> BootID {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return unknown() }
        defer { close(descriptor) }
        let byteCount = uninterrupted { read(descriptor, &bytes, bytes.count) }
        let id = BootID(String(decoding: bytes.prefix(max(byteCount, 0)), as: UTF8.self))
        return id == none ? unknown() : id
    }

    private static func unknown() -> BootID { BootID("unknown-\(UInt64.random(in: 0 ... .max))") }

    /// As a header holds it, filled up with zeros.
    var bytes: [UInt8] {
        let characters = Array(text.utf8)
        return characters + [UInt8](repeating: 0, count: Self.byteCount - characters.count)
    }

    init?(bytes: Span<UInt8>) {
        let characters = bytes.withUnsafeBufferPointer { Array($0.prefix { $0 != 0 }) }
        self.init(String(decoding: characters, as: UTF8.self))
        guard text.utf8.count == characters.count else { return nil }
    }
}
