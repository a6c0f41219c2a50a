/// The counter of a source of updates inside the process: a feed.
internal import Synchronization

/// Its thread adds, anybody reads.
package final class SourceStatistics: Sendable {
    package let name: String
    let published = Atomic<Int>(0)

    init(name: String) {
        self.name = name
    }

    package func count(published updateCount: Int) { published.add(updateCount) }
}
