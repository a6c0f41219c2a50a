/// Writes the lines of a log's queue, on a thread of its own: it alone waits for the descriptor.
internal import CLinux
internal import Glibc
internal import Primitives

/// Owned by its thread, once that has started.
final class LogWriter {
    /// Writes at least one of the bytes and returns how many, or nil if it can't. It may wait.
    typealias Sink = @Sendable (UnsafeBufferPointer<UInt8>) -> Int?

    /// 64 KiB. What a burst has made larger is given back.
    private static let keptByteCount = 64 * 1024

    private let queue: Monitor<LogQueue>
    private let style: LineStyle
    private let sink: Sink
    private var batch = ByteBuffer()
    /// Dropped lines that no line has told of yet.
    private var untoldCount = 0
    /// Whether the last line that the sink took was cut by its failure.
    private var isMidLine = false

    init(_ queue: Monitor<LogQueue>, _ style: LineStyle, _ sink: @escaping Sink) {
        self.queue = queue
        self.style = style
        self.sink = sink
    }

    /// Starts the thread, which ends when the queue is closed and all is written.
    consuming func start() throws(Log.Failure) {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &handle, nil,
            { context in
                // Signals are for others. A closed pipe is an error here, and not the end of the process.
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_SETMASK, &signals, nil)
                Unmanaged<LogWriter>.fromOpaque(context.unsafelyUnwrapped).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            throw Log.Failure(number: status)
        }
        pthread_setname_np(handle, "log")
        pthread_detach(handle)
    }

    private func run() {
        while let dropped = takeBatch() {
            let time = UnixTime.now()
            tellOfDropped(at: time)
            let refused = write(&batch)
            untoldCount += refused + dropped
            if refused == 0 { tellOfDropped(at: time) }
            if batch.capacity > Self.keptByteCount { batch = ByteBuffer() }
            queue.withLock { $0.settle(dropped: refused) }
        }
    }

    /// Waits for lines, or the end of them.
    private func takeBatch() -> Int? {
        queue.when({ $0.wantsWriter }, by: .never, then: { $0.take(into: &batch) }) ?? nil
    }

    private func tellOfDropped(at time: UnixTime) {
        guard untoldCount > 0 else { return }
        var line = ByteBuffer()
        style.append(.linesDropped, [("count", .integer(untoldCount))], at: time, to: &line)
        if write(&line) == 0 { untoldCount = 0 }
    }

    /// Writes and empties `lines`; returns how many of them the sink refused.
    private func write(_ lines: inout ByteBuffer) -> Int {
        if isMidLine {
            var lineFeed = ByteBuffer()
            lineFeed.append(ASCII.lineFeed)
            put(&lineFeed)
        }
        put(&lines)
        defer { lines.removeAll() }
        return lines.unsafeBytes.count { $0 == ASCII.lineFeed }
    }

    /// Gives the sink as much of `bytes` as it takes.
    private func put(_ bytes: inout ByteBuffer) {
        while !bytes.isEmpty, let count = sink(bytes.unsafeBytes) {
            isMidLine = bytes.unsafeBytes[count - 1] != ASCII.lineFeed
            bytes.consume(count)
        }
    }
}
