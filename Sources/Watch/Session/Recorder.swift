/// Writes updates as they came, one a line: a file that the replay feed plays back.
internal import Glibc
internal import Primitives
internal import Transport

package struct Recorder: ~Copyable {
    private let descriptor: FileDescriptor
    private var pending = ByteBuffer()
    package let path: String

    /// 64 KiB: some hundred updates a call.
    private static let pieceByteCount = 64 << 10

    /// Opens the file, at whose end the recording goes on.
    package init(path: String) throws(RecordingFailure) {
        let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw RecordingFailure(path: path) }
        descriptor = FileDescriptor(owning: number)
        self.path = path
    }

    package mutating func append(_ line: Span<UInt8>) throws(RecordingFailure) {
        pending.append(line)
        pending.append(ASCII.lineFeed)
        if pending.count >= Self.pieceByteCount { try flush() }
    }

    package mutating func flush() throws(RecordingFailure) {
        while !pending.isEmpty {
            let count = write(descriptor.number, pending.unsafeBytes.baseAddress, pending.count)
            if count > 0 {
                pending.consume(count)
            } else if errno != EINTR {
                let failure = RecordingFailure(path: path)
                pending.removeAll()
                throw failure
            }
        }
    }
}

package struct RecordingFailure: Error, Sendable, CustomStringConvertible {
    let path: String
    let reason: String

    init(path: String) {
        self.path = path
        reason = String(cString: strerror(errno))
    }

    package var description: String { "cannot record to \(path): \(reason)" }
}
