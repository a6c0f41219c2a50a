/// One line an event: text for people on a terminal, JSON for machines. A line never contains a value or a token.
internal import Glibc
internal import Primitives
public import Synchronization

/// Any thread. Whoever tells of an event waits for nobody: the line goes into a queue, from which a thread of the log's own
/// writes it. A line that finds no room there is dropped and counted, and the log says so as soon as it can.
public final class Log: Sendable {
    /// Writes nothing.
    package static let silent = Log(level: .error, style: LineStyle(isJSON: true), queue: nil)

    public enum Level: String, Sendable, CaseIterable, Comparable {
        case debug
        case info
        case warning
        case error

        @inlinable public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        @inlinable var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    package enum Format: String, Sendable, CaseIterable {
        /// People on a terminal, JSON elsewhere.
        case auto
        case text
        case json
    }

    /// A named detail of an event.
    public enum Field: Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    public typealias NamedField = (key: String, value: Field)

    /// The thread that writes could not be started.
    package struct Failure: Error, CustomStringConvertible {
        let number: Int32

        package var description: String {
            "cannot start the log's thread: \(String(cString: strerror(number))) (errno \(number))."
        }
    }

    /// 1 MiB, some 5,000 lines: what a busy loop refuses at debug level while another process has the writer's processor.
    package static let defaultQueueByteCount = 1024 * 1024
    /// Who reads a log takes more in this time than the queue holds.
    package static let flushLimit = Duration.seconds(2)

    /// The rank of the least that is told.
    @usableFromInline let threshold: Atomic<Int>
    private let style: LineStyle
    private let queue: Monitor<LogQueue>?

    /// Lines that wait have `queueByteCount` bytes at most; as many more may be on their way to the descriptor.
    package convenience init(
        level: Level = .info, format: Format = .auto, descriptor: Int32 = STDERR_FILENO,
        queueByteCount: Int = Log.defaultQueueByteCount
    ) throws(Failure) {
        let isJSON = format == .json || format == .auto && isatty(descriptor) == 0
        try self.init(level: level, style: LineStyle(isJSON: isJSON), queueByteCount: queueByteCount) {
            write($0, to: descriptor)
        }
    }

    convenience init(
        level: Level, style: LineStyle, queueByteCount: Int, sink: @escaping LogWriter.Sink
    ) throws(Failure) {
        let queue = Monitor(LogQueue(byteCountLimit: queueByteCount))
        try LogWriter(queue, style, sink).start()
        self.init(level: level, style: style, queue: queue)
    }

    private init(level: Level, style: LineStyle, queue: Monitor<LogQueue>?) {
        threshold = Atomic(level.rank)
        self.style = style
        self.queue = queue
    }

    deinit {
        queue?.withLock { $0.close() }
    }

    /// Tells from now on of what has that level at least.
    package func change(level: Level) {
        threshold.store(level.rank, ordering: .relaxed)
    }

    /// Tells of `event`. The fields are made only if its level is on, because hot paths call this. `public`, because nothing
    /// less is inlined in another module: where the level is off, nothing is left but to compare it.
    @inlinable public func tell(
        _ event: Event, _ fields: @autoclosure () -> KeyValuePairs<String, Field> = [:]
    ) {
        if event.level.rank >= threshold.load(ordering: .relaxed) { enqueue(event, Array(fields())) }
    }

    /// Tells of an event of which `suppressed` ones before were left out.
    package func tell(
        _ event: Event, _ fields: @autoclosure () -> KeyValuePairs<String, Field>, suppressed: Int
    ) {
        guard event.level.rank >= threshold.load(ordering: .relaxed) else { return }
        enqueue(event, Array(fields()) + (suppressed > 0 ? [("suppressed", .integer(suppressed))] : []))
    }

    /// Queues the line of an event, whatever its level.
    @usableFromInline func enqueue(_ event: Event, _ fields: [NamedField]) {
        assert(
            fields.allSatisfy { event.fields.contains($0.key) },
            "a field of \"\(event.rawValue)\" is not listed")
        guard let queue else { return }
        var line = ByteBuffer(capacity: 256)
        style.append(event, fields, at: .now(), to: &line)
        queue.withLock { $0.append(line.bytes) }
    }

    /// How many lines were dropped, ever.
    package var droppedLineCount: Int { queue?.withLock { $0.droppedCount } ?? 0 }

    /// Waits until all that was told is written or dropped, but not longer than `limit`; whether it is. For the end of the
    /// process, never on a loop.
    @discardableResult
    package func flush(within limit: Duration = Log.flushLimit) -> Bool {
        guard let queue else { return true }
        let told = queue.withLock { $0.toldCount }
        return queue.wait(until: .now() + limit) { $0.settledCount >= told }
    }
}

/// Writes at least one of `bytes` to `descriptor`, however long that takes, and returns how many; nil if it takes no more.
private func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) -> Int? {
    while true {
        let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        if count > 0 { return count }
        guard count < 0 else { return nil }
        switch errno {
        case EINTR: continue
        // Another process that has the same terminal or pipe may have made it non-blocking.
        case EAGAIN:
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&entry, 1, -1)
        default: return nil
        }
    }
}
