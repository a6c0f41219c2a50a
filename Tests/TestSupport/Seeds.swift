/// The seeds of random tests. `TIDEGATE_SEED=<seed>` repeats the one that a failure names.
import Foundation

/// The seed of `TIDEGATE_SEED`.
package let askedSeed = ProcessInfo.processInfo.environment["TIDEGATE_SEED"].flatMap { UInt64($0) }

/// 1 to `count`, or the seed of `TIDEGATE_SEED`.
package func seeds(_ count: UInt64) -> [UInt64] {
    askedSeed.map { [$0] } ?? Array(1...count)
}

/// The seed of `TIDEGATE_SEED`, or a new one each time.
package func newSeed() -> UInt64 {
    askedSeed ?? .random(in: 1...999_999)
}
