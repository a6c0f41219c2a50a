/// How the C library's allocator behaves in a process whose loops may not pause.
internal import CLinux
internal import Synchronization

package enum Allocator {
    /// Freed blocks are joined with their neighbours at once. By default glibc lets small ones lie (mallopt(3), M_MXFAST) until some
    /// larger block is freed, and joins all of them then: 14 ms in one `free` where a hundred thousand names had come and gone.
    ///
    /// Large blocks have pages of their own, whatever was freed before: so they can grow without being copied, and are the system's
    /// again when they are freed. Smaller ones are not handed back and fetched again for every answer.
    ///
    /// For the whole process, and for what is freed from here on.
    package static func avoidPauses() {
        _ = mallopt(M_MXFAST, 0)
        _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
    }

    /// Gives whole pages that are free back to the system (malloc_trim(3)). When another thread is at it, that one does it for
    /// both: each would stop the other.
    package static func returnFreed() {
        guard isReturning.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
            return
        }
        _ = malloc_trim(0)
        isReturning.store(false, ordering: .relaxed)
    }

    private static let isReturning = Atomic(false)
}
