/// The counter of a source of updates inside the process: a feed.
internal import Synchronization

/// Its thread adds, anybody reads.
package final class SourceStatistics: Sendable {
    package let name: String
    let published = Atomic<Int>(0)
    /// Records and updates that were left out.
    private let skipped = Atomic<Int>(0)

    init(name: String) {
        self.name = name
    }

    package var skippedCount: Int { skipped.now }

    package func count(published updateCount: Int) { published.add(updateCount) }

    package func count(skipped recordCount: Int) { skipped.add(recordCount) }
}
