/// What a journal has done so far, and how it is. Any thread.
internal import Synchronization

package final class JournalFigures: Sendable {
    package enum Count: Int, CaseIterable, Sendable {
        case entries
        case writtenBytes
        case syncs
        case snapshots
        case failedSnapshots
        /// The bytes of all files.
        case fileBytes
        /// Of the last snapshot.
        case snapshotBytes
    }

    private let counts: InlineArray<7, Atomic<Int>>

    init() {
        counts = InlineArray { _ in Atomic(0) }
    }

    package subscript(count: Count) -> Int { counts[count.rawValue].load(ordering: .relaxed) }

    func add(_ count: Count, _ number: Int = 1) { counts[count.rawValue].add(number, ordering: .relaxed) }

    func set(_ count: Count, to number: Int) { counts[count.rawValue].store(number, ordering: .relaxed) }
}
