/// Lines on their way to the writer: as many as the limit lets in, and what became of the others.
internal import Primitives

struct LogQueue: ~Copyable {
    private let byteCountLimit: Int
    private var lines = ByteBuffer()
    /// Lines dropped since the writer last took some. Once one is dropped all are, until it comes again: so the loss has one
    /// place among the lines.
    private var droppedBehind = 0
    /// Lines dropped, ever.
    private(set) var droppedCount = 0
    /// Of all lines ever told, how many the writer has taken, and how many of these are written or dropped.
    private(set) var toldCount = 0
    private var takenCount = 0
    private(set) var settledCount = 0
    private var isClosed = false

    init(byteCountLimit: Int) {
        self.byteCountLimit = byteCountLimit
    }

    mutating func append(_ line: Span<UInt8>) {
        toldCount += 1
        if droppedBehind == 0, lines.count + line.count <= byteCountLimit {
            lines.append(line)
        } else {
            droppedBehind += 1
            droppedCount += 1
        }
    }

    /// No line will come any more.
    mutating func close() {
        isClosed = true
    }

    // MARK: The writer's side

    /// Whether `take` has something to tell.
    var wantsWriter: Bool { takenCount < toldCount || isClosed }

    /// Exchanges the lines for `batch`, which goes in empty, and returns how many were dropped behind them; nil if nothing
    /// is left and nothing will come.
    mutating func take(into batch: inout ByteBuffer) -> Int? {
        guard takenCount < toldCount else { return nil }
        swap(&lines, &batch)
        takenCount = toldCount
        defer { droppedBehind = 0 }
        return droppedBehind
    }

    /// What was taken is written, but for `dropped` lines that the descriptor refused.
    mutating func settle(dropped: Int) {
        settledCount = takenCount
        droppedCount += dropped
    }
}
