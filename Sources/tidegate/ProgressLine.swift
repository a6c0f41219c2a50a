/// A line on standard error that says how far a command is, once it takes longer than a second.
internal import Glibc
internal import Primitives
internal import Transport

/// A thread of its own writes it: whoever works may block. On a terminal the line is written over each second; elsewhere it is a new
/// line, each ten seconds.
final class ProgressLine: Sendable {
    private let isOver = Monitor(false)
    private let thread: LoopThread

    init(_ text: @escaping @Sendable () -> String) throws(SystemFailure) {
        let isOver = isOver
        let isTerminal = Console.isTerminal(STDERR_FILENO)
        thread = try LoopThread(name: "progress") {
            var isShown = false
            let interval = Interval(milliseconds: isTerminal ? 1000 : 10_000)
            while !isOver.wait(until: .now() + interval, for: { $0 }) {
                isShown = true
                Self.write(isTerminal ? "\r\(text())\u{1B}[K" : "\(text())\n")
            }
            // The last count stays on the screen.
            if isTerminal, isShown { Self.write("\r\(text())\u{1B}[K\n") }
        }
    }

    /// Returns when nothing more is written.
    func end() {
        isOver.withLock { $0 = true }
        thread.join()
    }

    private static func write(_ text: String) {
        // Progress that cannot be shown is no reason to fail.
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
