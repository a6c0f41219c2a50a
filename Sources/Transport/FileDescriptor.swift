/// An open file or socket, closed once, when its owner lets go of it.
internal import Glibc

package struct FileDescriptor: ~Copyable {
    package let number: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning number: Int32) {
        self.number = number
    }

    deinit {
        // EINTR included: on Linux the descriptor is gone whatever close says.
        _ = close(number)
    }
}

/// How many descriptors this process may have.
package enum DescriptorLimit {
    /// Raises the soft limit to the hard one and returns it. Best before there are threads.
    package static func raise() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        makeRoom(for: min(Int(clamping: limit.rlim_cur), largestRoom))
        return Int(clamping: limit.rlim_cur)
    }

    /// 65,536 descriptors: half a megabyte of the kernel's.
    private static let largestRoom = 65_536

    /// Lets the kernel's table of descriptors grow now. While several threads share it, each doubling waits until all
    /// processors have forgotten the old one, some ten milliseconds in which nobody is accepted.
    private static func makeRoom(for count: Int) {
        let highest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, Int32(count - 1))
        if highest >= 0 { _ = close(highest) }
    }
}
