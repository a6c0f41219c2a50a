/// What shows that a file has changed, without reading it.
internal import Glibc

package struct FileStamp: Equatable {
    private let seconds: Int
    private let nanoseconds: Int
    private let byteCount: Int
    private let inode: UInt

    /// Of what a link leads to; nil where there is no file.
    package init?(_ path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        seconds = facts.st_mtim.tv_sec
        nanoseconds = facts.st_mtim.tv_nsec
        byteCount = facts.st_size
        inode = facts.st_ino
    }
}
