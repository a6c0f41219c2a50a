/// Signals for a loop to look at: each handler only sets a bit and wakes the loop.
internal import Glibc
internal import Synchronization
package import Transport

package enum SessionSignals {
    package struct Seen: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let end = Seen(rawValue: 1)
        package static let resize = Seen(rawValue: 2)
        package static let suspend = Seen(rawValue: 4)
        package static let resume = Seen(rawValue: 8)
    }

    private static let seen = Atomic<UInt8>(0)
    private static let wakeup = Result { () throws(SystemFailure) in try Wakeup() }

    /// Installs the handlers; each signal wakes the result.
    package static func install() throws(SystemFailure) -> Wakeup {
        let woken = try wakeup.get()
        _ = seen.exchange(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in SessionSignals.note(.end) } }
        signal(SIGWINCH) { _ in SessionSignals.note(.resize) }
        signal(SIGTSTP) { _ in SessionSignals.note(.suspend) }
        signal(SIGCONT) { _ in SessionSignals.note(.resume) }
        return woken
    }

    package static func remove() {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT] { signal(number, SIG_DFL) }
    }

    /// The signals since the last call.
    package static func take() -> Seen {
        Seen(rawValue: seen.exchange(0, ordering: .acquiring))
    }

    /// Stops this process and its job, as the terminal would at Ctrl-Z; returns when they continue.
    package static func stop() {
        signal(SIGTSTP, SIG_DFL)
        kill(0, SIGTSTP)
        // A signal to ourselves arrives before `kill` returns, on this thread or another.
        signal(SIGTSTP) { _ in SessionSignals.note(.suspend) }
    }

    private static func note(_ what: Seen) {
        seen.bitwiseOr(what.rawValue, ordering: .releasing)
        if case .success(let wakeup) = wakeup { wakeup.wake() }
    }
}
