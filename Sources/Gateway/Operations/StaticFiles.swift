/// The page and the client library in `public/`: read once at start, served from memory.
internal import COpenSSL
internal import Glibc

/// Immutable. A path is looked up among the files that were found, so none can lead elsewhere.
package struct StaticFiles: Sendable {
    package struct File: Sendable {
        let contentType: StaticString
        let content: [UInt8]
        /// Changes with the content; without quotes.
        let entityTag: [UInt8]
    }

    /// A file that could not be read.
    package struct Failure: Error, CustomStringConvertible {
        let path: String
        let reason: String

        package var description: String { "cannot read \(path): \(reason)" }
    }

    private var files: [[UInt8]: File] = [:]

    /// None.
    package init() {}

    /// All files below `folder`, hidden ones left out.
    package init(folder: String) throws(Failure) {
        try addFolder(folder, at: "/")
    }

    package var count: Int { files.count }

    /// The file at a decoded path; a folder's is its `index.html`.
    func file(_ path: [UInt8]) -> File? {
        files[path] ?? (path.last == UInt8(ascii: "/") ? files[path + Array("index.html".utf8)] : nil)
    }

    private mutating func addFolder(_ folder: String, at path: String) throws(Failure) {
        guard let listing = opendir(folder) else {
            throw Failure(path: folder, reason: String(cString: strerror(errno)))
        }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try addFolder("\(folder)/\(name)", at: "\(path)\(name)/")
            } else if status.st_mode & S_IFMT == S_IFREG {
                let content = try Self.read("\(folder)/\(name)", byteCount: Int(status.st_size))
                files[Array("\(path)\(name)".utf8)] = File(
                    contentType: Self.contentType(of: name), content: content, entityTag: Self.digest(content)
                )
            }
        }
    }

    private static func read(_ path: String, byteCount: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: byteCount)
        var filled = 0
        while filled < byteCount {
            let count = content.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.unsafelyUnwrapped + filled, byteCount - filled)
            }
            guard count > 0 else { throw Failure(path: path, reason: "it ended early") }
            filled += count
        }
        return content
    }

    private static func contentType(of name: String) -> StaticString {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "map": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "webmanifest": "application/manifest+json"
        case "txt", "md": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }

    /// The first 16 hexadecimal digits of the content's SHA-256.
    private static func digest(_ content: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        _ = SHA256(content, content.count, &digest)
        return digest.prefix(8).flatMap { [hexDigit($0 >> 4), hexDigit($0 & 15)] }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
