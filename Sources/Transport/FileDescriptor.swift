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
    /// Raises the soft limit to the hard one and returns it.
    package static func raise() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
