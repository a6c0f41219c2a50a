/// Writes updates as they came, one a line, into a file that the replay feed can play.
///
/// A replay waits between lines as long as their times say, but the first snapshot's values can be days old. So it is
/// held until a live update comes, and takes that update's time. No line has an earlier time than the line above.
package import Client
internal import Glibc
internal import Primitives
internal import Transport

package struct Recorder: ~Copyable {
    private let descriptor: FileDescriptor
    private var pending = ByteBuffer()
    /// Updates of the first snapshot; nil once they are written.
    private var held: [Update]? = []
    private var isLive = false
    private var latestTime: UInt64 = 0
    package let path: String

    /// 64 KiB: some hundred updates a call.
    private static let pieceByteCount = 64 << 10

    /// Opens the file; a recording is appended to it.
    package init(path: String) throws(RecordingFailure) {
        let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw RecordingFailure(path: path) }
        descriptor = FileDescriptor(owning: number)
        self.path = path
    }

    /// Records `event` if it is an update.
    package mutating func record(_ event: SubscriptionEvent) throws(RecordingFailure) {
        switch event {
        case .live: isLive = true
        case .update(let update, _):
            guard isLive else {
                if held == nil { return try append(update) }
                held?.append(update)
                return
            }
            try releaseHeld(at: update.time)
            try append(update)
        case .connected, .reset, .gap, .stale, .cursor, .away, .heartbeat, .error, .disconnected: break
        }
    }

    /// Writes everything recorded, even a snapshot without a live update behind it.
    package mutating func finish() throws(RecordingFailure) {
        try releaseHeld(at: held?.map(\.time).max() ?? 0)
        try flush()
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

    private mutating func releaseHeld(at time: UInt64) throws(RecordingFailure) {
        guard let released = held else { return }
        held = nil
        latestTime = max(latestTime, time)
        for update in released { try append(update) }
    }

    private mutating func append(_ update: Update) throws(RecordingFailure) {
        if update.time >= latestTime {
            latestTime = update.time
            pending.append(update.line)
        } else {
            appendLine(of: update, at: latestTime)
        }
        pending.append(ASCII.lineFeed)
        if pending.count >= Self.pieceByteCount { try flush() }
    }

    private mutating func appendLine(of update: Update, at time: UInt64) {
        pending.append("{\"topic\":")
        pending.append(jsonString: update.topic.span)
        pending.append(",\"version\":")
        pending.append(decimal: update.version)
        pending.append(",\"time\":")
        pending.append(decimal: time)
        if let at = update.at {
            pending.append(",\"at\":")
            pending.append(decimal: at)
        }
        if let data = update.data {
            pending.append(",\"data\":")
            pending.append(update.line.span.extracting(data))
        } else {
            pending.append(",\"deleted\":true")
        }
        pending.append(ASCII.closeBrace)
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
