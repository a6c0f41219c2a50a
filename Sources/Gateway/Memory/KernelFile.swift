/// A file of /proc or /sys, whose size is known only when it is read.
internal import Glibc

enum KernelFile {
    /// The first 16 KiB of it; nil where it can't be read.
    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor, &content, content.count)
        return count < 0 ? nil : String(decoding: content.prefix(count), as: UTF8.self)
    }
}
