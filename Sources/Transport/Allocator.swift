/// How the C library's allocator behaves in a process whose loops may not pause.
internal import CLinux

package enum Allocator {
    /// Freed blocks are joined with their neighbours at once. By default glibc lets small ones lie (mallopt(3), M_MXFAST) until some
    /// larger block is freed, and joins all of them then: 14 ms in one `free` where a hundred thousand names had come and gone.
    /// For the whole process, and for what is freed from here on.
    package static func avoidPauses() {
        _ = mallopt(M_MXFAST, 0)
    }
}
