/// How far what was kept is restored.
internal import Synchronization

/// Any thread reads it while another one restores.
package final class RestoreProgress: Sendable {
    private let total = Atomic<Int>(0)
    private let done = Atomic<Int>(0)

    package init() {}

    /// 0 to 1; 1 is the end.
    package var fraction: Double {
        let total = total.load(ordering: .relaxed)
        guard total > 0 else { return 0 }
        return min(1, Double(done.load(ordering: .relaxed)) / Double(total))
    }

    package func expect(byteCount: Int) { total.add(byteCount, ordering: .relaxed) }

    package func pass(byteCount: Int) { done.add(byteCount, ordering: .relaxed) }

    /// Files have more bytes than those that are read.
    package func finish() {
        expect(byteCount: 1)
        done.store(total.load(ordering: .relaxed), ordering: .relaxed)
    }
}
