/// The key or token that a client shows: the environment's, or a file's, read anew each time.
internal import Glibc
internal import Primitives
internal import Synchronization

/// Any thread.
package final class ClientCredential: Sendable {
    /// The environment variable with a key or a token.
    package static let variable = "TIDEGATE_KEY"

    private enum Source: Sendable {
        case text([UInt8])
        case file(String)
    }

    private let source: Source
    /// What was shown last.
    private let shown = Mutex<[UInt8]?>(nil)

    /// A file's credential where one is named, else the environment's; nil without both.
    package init?(file: String?, environment: String?) throws(CredentialFailure) {
        if let file {
            source = .file(file)
            // A mistake in its name is told at once.
            _ = try Self.content(of: file)
        } else if let environment, !environment.isEmpty {
            source = .text(Array(environment.utf8))
        } else {
            return nil
        }
    }

    /// The credential of this moment; nil where the file can't be read just now.
    func show() -> [UInt8]? {
        let text = present()
        shown.withLock { $0 = text }
        return text
    }

    /// Whether there is another one than was shown last.
    var hasChanged: Bool {
        let text = present()
        return text != nil && shown.withLock { $0 != text }
    }

    private func present() -> [UInt8]? {
        switch source {
        case .text(let text): return text
        case .file(let path):
            do throws(CredentialFailure) {
                return try Self.content(of: path)
            } catch {
                // Whoever writes it anew may be at it: the gateway says what is missing.
                return nil
            }
        }
    }

    /// The file's first line.
    private static func content(of path: String) throws(CredentialFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CredentialFailure("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &text, text.count)
        let line = text.prefix(max(count, 0)).prefix { $0 > ASCII.space && $0 < ASCII.delete }
        guard !line.isEmpty else { throw CredentialFailure("\(path) has no key or token in its first line") }
        return Array(line)
    }
}

/// A file that holds no credential.
package struct CredentialFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
