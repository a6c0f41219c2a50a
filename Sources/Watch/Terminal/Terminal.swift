/// The terminal during a session: raw, on its alternate screen, with mouse reports. `leave` restores it.
///
/// It is opened again by name, so that O_NONBLOCK affects only us: the shell shares the description of our standard
/// output.
internal import Glibc
package import Primitives
package import Transport

package final class Terminal {
    /// Alternate screen, no cursor, wheel and clicks as SGR reports, bracketed paste, no wrapping at the right edge.
    private static let enter: StaticString =
        "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?1000h\u{1B}[?1006h\u{1B}[?2004h\u{1B}[?7l"
    /// Clears the screen before leaving it: tmux, if widened meanwhile, otherwise keeps some of it on the first
    /// screen.
    fileprivate static let leave: StaticString =
        "\u{1B}[?2026l\u{1B}[0m\u{1B}[2J\u{1B}[?7h\u{1B}[?2004l\u{1B}[?1006l\u{1B}[?1000l\u{1B}[?25h\u{1B}[?1049l"

    private let descriptor: FileDescriptor
    /// The settings to restore.
    private let original: termios
    private var pending = ByteBuffer()
    /// Bytes that the terminal has taken.
    package private(set) var writtenCount: UInt64 = 0

    package init() throws(SystemFailure) {
        let name = ttyname(STDOUT_FILENO).map { String(cString: $0) } ?? "/dev/tty"
        let number = open(name, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard number >= 0 else { throw SystemFailure("open") }
        descriptor = FileDescriptor(owning: number)
        var found = termios()
        guard tcgetattr(number, &found) == 0 else { throw SystemFailure("tcgetattr") }
        original = found
        TerminalRescue.arm(number, original)
    }

    deinit {
        leave()
        TerminalRescue.disarm()
    }

    package var number: Int32 { descriptor.number }

    package var size: Size {
        var size = winsize()
        guard ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Size(columns: 80, rows: 24)
        }
        // A terminal that claims more is broken, and would cost memory.
        return Size(columns: min(Int(size.ws_col), 1000), rows: min(Int(size.ws_row), 500))
    }

    // MARK: Taking and giving back

    package func takeOver() {
        var raw = original
        cfmakeraw(&raw)
        tcsetattr(number, TCSANOW, &raw)
        TerminalRescue.isNeeded = true
        pending.removeAll()
        pending.append(Self.enter)
    }

    /// Restores the terminal. Bytes still unwritten are of no use any more.
    package func leave() {
        guard TerminalRescue.isNeeded else { return }
        TerminalRescue.restore()
    }

    // MARK: Bytes

    /// Bytes are still unwritten; until they are gone no further frame is drawn.
    package var isBusy: Bool { !pending.isEmpty }

    /// Queues the bytes that `body` appends.
    package func write(_ body: (inout ByteBuffer) -> Void) {
        body(&pending)
        flush()
    }

    /// Writes as much as the terminal takes now. Returns false if it is gone.
    @discardableResult
    package func flush() -> Bool {
        while !pending.isEmpty {
            let count = Glibc.write(number, pending.unsafeBytes.baseAddress, pending.count)
            if count > 0 {
                pending.consume(count)
                writtenCount += UInt64(count)
            } else if errno == EAGAIN {
                return true
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// The bytes typed since the last call; nil if the terminal is gone.
    package func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = Glibc.read(number, &bytes, bytes.count)
            if count > 0 { return Array(bytes[..<count]) }
            if count == 0 { return nil }
            if errno == EAGAIN { return [] }
            if errno != EINTR { return nil }
        }
    }
}

/// What a signal handler needs to restore the terminal, whatever state the rest is in.
enum TerminalRescue {
    private struct Target {
        var number: Int32
        var original: termios
    }

    // One thread writes it before `arm` sets the handlers that read it, and again after they are removed.
    nonisolated(unsafe) private static var target: Target?
    // A byte, which even a handler reads whole or not at all.
    nonisolated(unsafe) static var isNeeded = false

    /// Signals of a process that has gone wrong.
    private static let crashes = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS, SIGQUIT]

    static func arm(_ number: Int32, _ original: termios) {
        target = Target(number: number, original: original)
        for crash in crashes {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                TerminalRescue.restore()
                signal(number, SIG_DFL)
                raise(number)
            }
            // On a separate stack, because the usual one may have overflowed.
            action.sa_flags = SA_ONSTACK
            sigaction(crash, &action, nil)
        }
        armStack()
    }

    static func disarm() {
        for crash in crashes { signal(crash, SIG_DFL) }
        target = nil
    }

    private static func armStack() {
        let size = 64 << 10
        var stack = stack_t()
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        stack.ss_size = size
        sigaltstack(&stack, nil)
    }

    /// Async-signal-safe: two system calls. It waits at most a tenth of a second for a terminal that takes nothing.
    static func restore() {
        guard isNeeded, let target else { return }
        isNeeded = false
        let text = Terminal.leave
        var sent = 0
        while sent < text.utf8CodeUnitCount {
            let count = write(target.number, text.utf8Start + sent, text.utf8CodeUnitCount - sent)
            if count > 0 {
                sent += count
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { break }
            var entry = pollfd(fd: target.number, events: Int16(POLLOUT), revents: 0)
            if poll(&entry, 1, 100) <= 0 { break }
        }
        // Not TCSADRAIN, which would wait for a terminal that takes nothing.
        var original = target.original
        tcsetattr(target.number, TCSANOW, &original)
    }
}
