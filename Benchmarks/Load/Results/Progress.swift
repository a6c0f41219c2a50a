/// One line on a terminal that shows the progress.
import Foundation

struct Progress {
    /// The beginning of the line: which run of how many.
    var prefix = ""
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func say(_ text: String) {
        guard isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(prefix)\(text)".utf8))
    }

    func clear() {
        guard isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
