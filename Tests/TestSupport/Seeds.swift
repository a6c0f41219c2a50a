/// The seeds of random tests: `TIDEGATE_SEED=<seed>` repeats the one that a failure names.
import Foundation

/// The seed that was asked for.
package let askedSeed = ProcessInfo.processInfo.environment["TIDEGATE_SEED"].flatMap { UInt64($0) }

/// 1 to `count`, or the one that was asked for.
package func seeds(_ count: UInt64) -> [UInt64] {
    askedSeed.map { [$0] } ?? Array(1...count)
}

/// The one that was asked for, or a new one each time.
package func newSeed() -> UInt64 {
    askedSeed ?? .random(in: 1...999_999)
}
