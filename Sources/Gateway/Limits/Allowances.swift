/// How much each of many has done lately, at all loops together.
internal import Primitives
internal import Synchronization

/// Any thread. Nobody comes here but for a limit that somebody has set.
final class Allowances: Sendable {
    private struct Table {
        var allowances: [Claimant: Allowance] = [:]
        var order = Queue<Claimant>()
    }

    /// Loops that come at once seldom come to the same one.
    private final class Part: Sendable {
        let table = Mutex(Table())
    }

    /// More claimants than this are not remembered by a part: the one that came first is forgotten.
    static let claimantLimit = 4096
    private let parts = (0..<16).map { _ in Part() }
    private let isTouched = Atomic<Bool>(false)

    /// Whether nobody has ever done anything.
    var isUntouched: Bool { !isTouched.load(ordering: .relaxed) }

    /// How long nothing is let in that the claimant does; nil: it is.
    func wait(for claimant: Claimant, at now: Instant, _ limit: RateLimit) -> Duration? {
        part(of: claimant).table.withLock { $0.allowances[claimant]?.wait(at: now, limit) }
    }

    /// Takes note of `count`, or says how long to wait before any are let in.
    func admit(
        _ count: Int = 1, for claimant: Claimant, at now: Instant, _ limit: RateLimit
    ) -> Duration? {
        guard limit.rate > 0 else { return nil }
        if isUntouched { isTouched.store(true, ordering: .relaxed) }
        return part(of: claimant).table.withLock { table in
            if table.allowances[claimant] == nil {
                if table.allowances.count >= Self.claimantLimit, let oldest = table.order.popFirst() {
                    table.allowances[oldest] = nil
                }
                table.order.append(claimant)
            }
            return table.allowances[claimant, default: Allowance()].admit(count, at: now, limit)
        }
    }

    private func part(of claimant: Claimant) -> Part {
        parts[claimant.hashValue & (parts.count - 1)]
    }
}
