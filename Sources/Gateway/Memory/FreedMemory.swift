/// When what clients have let go of is given back to the system.
internal import Primitives

/// The allocator keeps what is freed between blocks that are in use. To give it back takes 0.15 ms a megabyte, during which the
/// loop stands still: so it is done in portions while the account falls, once more when it has come to rest, and not for little.
struct FreedMemory {
    private static let portionByteCount = 4 << 20
    private static let leastByteCount = 1 << 20
    private static let rest = Interval(.seconds(2))

    /// The most that was held since it was last done.
    private var peak = 0
    /// When it is done next, whatever is freed until then.
    private(set) var due = Instant.never

    /// Takes note of how much is held for clients; true when it is time.
    mutating func isTime(_ now: Instant, holding byteCount: Int) -> Bool {
        peak = max(peak, byteCount)
        let freed = peak - byteCount
        let isPortion = freed >= max(Self.portionByteCount, peak / 8)
        if isPortion || freed >= Self.leastByteCount && due == .never { due = now + Self.rest }
        guard isPortion || now >= due else { return false }
        peak = byteCount
        if !isPortion { due = .never }
        return true
    }
}
