/// An open file or socket, which closes once, when its owner lets go of it.
internal import Glibc

package struct FileDescriptor: ~Copyable {
    package let number: Int32

    /// Takes over a descriptor; nobody else may close it.
    package init(owning number: Int32) {
        self.number = number
    }

    deinit {
        // Even on EINTR: Linux frees the descriptor whatever close returns.
        _ = close(number)
    }
}

/// How many descriptors this process may open.
package enum DescriptorLimit {
    /// Raises the soft limit to the hard one and returns it. Best called before any thread starts.
    package static func raise() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        makeRoom(for: min(Int(clamping: limit.rlim_cur), largestRoom))
        return Int(clamping: limit.rlim_cur)
    }

    /// 65,536 descriptors: their table takes half a megabyte of the kernel's memory.
    private static let largestRoom = 65_536

    /// Makes the kernel's table of descriptors grow now. Once several threads share it, each doubling waits until all
    /// processors have forgotten the old table: some ten milliseconds in which the gateway accepts nobody.
    private static func makeRoom(for count: Int) {
        let highest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, Int32(count - 1))
        if highest >= 0 { _ = close(highest) }
    }
}
