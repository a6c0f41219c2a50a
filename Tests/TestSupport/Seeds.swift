/// The seeds of random tests. `TIDEGATE_SEED=<seed>` repeats the one that a failure names; `TIDEGATE_SEEDS=<factor>` runs so many
/// times as many.
import Foundation

/// The seed of `TIDEGATE_SEED`.
package let askedSeed = number("TIDEGATE_SEED")

/// 1 to `count`, or the seed of `TIDEGATE_SEED`.
package func seeds(_ count: UInt64) -> [UInt64] {
    askedSeed.map { [$0] } ?? Array(1...count * (number("TIDEGATE_SEEDS") ?? 1))
}

/// The seed of `TIDEGATE_SEED`, or a new one each time.
package func newSeed() -> UInt64 {
    askedSeed ?? .random(in: 1...999_999)
}

private func number(_ variable: String) -> UInt64? {
    ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
}
