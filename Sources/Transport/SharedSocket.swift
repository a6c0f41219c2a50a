/// A listening socket that all loops accept from: the kernel spreads connections over several sockets of one address
/// (SO_REUSEPORT), but not of one path.
internal import CLinux
internal import Glibc
internal import Synchronization

/// Any thread.
package final class SharedSocket: Sendable {
    package let address: SocketAddress
    let descriptor: FileDescriptor
    /// What whoever has passed it calls it; nil where this process has made it.
    package let name: String?
    /// Nil where it is not this process's to remove.
    private let file: SocketFile?
    private let hasStopped = Atomic<Bool>(false)

    /// Listens at a path. `mode` is what the file permits: whoever may write to it may connect.
    ///
    /// A socket that is left there from a process that has ended makes way; nothing else does.
    package init(path: String, mode: UInt32, backlog: Int32) throws(SocketFileFailure) {
        guard let address = SocketAddress(path: path) else {
            throw SocketFileFailure(path, .system(SystemFailure("bind", ENAMETOOLONG)))
        }
        try SocketFile.removeStale(at: path, address)
        do throws(SystemFailure) {
            descriptor = try Self.open()
            let number = descriptor.number
            guard address.withSockaddr({ bind(number, $0, $1) }) == 0 else { throw SystemFailure("bind") }
            file = try SocketFile(path)
            self.address = address
            name = nil
            // Before it listens: until then nobody can connect, whatever the file has permitted at first.
            guard chmod(path, mode) == 0 else { throw SystemFailure("chmod") }
            guard listen(number, backlog) == 0 else { throw SystemFailure("listen") }
        } catch {
            throw SocketFileFailure(path, error.number == EADDRINUSE ? .inUse : .system(error))
        }
    }

    /// One that was passed.
    init(_ descriptor: consuming FileDescriptor, at address: SocketAddress, called name: String) {
        self.descriptor = descriptor
        self.address = address
        self.name = name
        file = nil
    }

    deinit {
        stop()
    }

    /// Has the file of a path permit something else from now on.
    package func permit(_ mode: UInt32) throws(SocketFileFailure) {
        guard let file, chmod(file.path, mode) != 0 else { return }
        throw SocketFileFailure(file.path, .system(SystemFailure("chmod")))
    }

    /// Nobody connects any more, and the file is gone; one that was passed goes on without this process.
    package func stop() {
        guard let file, !hasStopped.exchange(true, ordering: .relaxed) else { return }
        file.remove()
        // Closing would not do: other loops and this object have it open.
        _ = shutdown(descriptor.number, Int32(SHUT_RDWR))
        while true {
            let waiting = accept(descriptor.number, nil, nil)
            guard waiting >= 0 else { return }
            _ = close(waiting)
        }
    }

    fileprivate static func open() throws(SystemFailure) -> FileDescriptor {
        let number = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemFailure("socket") }
        return FileDescriptor(owning: number)
    }
}

/// The file of a socket, as its inode: another process may have put one of its own in its place.
private struct SocketFile: Sendable {
    let path: String
    let device: dev_t
    let inode: ino_t

    init(_ path: String) throws(SystemFailure) {
        guard let status = Self.status(of: path) else { throw SystemFailure("lstat") }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    func remove() {
        guard let status = Self.status(of: path), status.st_dev == device, status.st_ino == inode else {
            return
        }
        _ = unlink(path)
    }

    /// Makes room at the path, if what is there is a socket at which nobody listens.
    static func removeStale(at path: String, _ address: SocketAddress) throws(SocketFileFailure) {
        guard let status = status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SocketFileFailure(path, .noSocket) }
        do throws(SystemFailure) {
            guard try !isAnswered(address) else { throw SystemFailure("connect", EADDRINUSE) }
            guard unlink(path) == 0 || errno == ENOENT else { throw SystemFailure("unlink") }
        } catch {
            throw SocketFileFailure(path, error.number == EADDRINUSE ? .inUse : .system(error))
        }
    }

    private static func isAnswered(_ address: SocketAddress) throws(SystemFailure) -> Bool {
        let probe = try SharedSocket.open()
        if address.withSockaddr({ connect(probe.number, $0, $1) }) == 0 { return true }
        let failure = SystemFailure("connect")
        switch failure.number {
        case ECONNREFUSED, ENOENT: return false
        // Its backlog is full, or it is a socket of another kind, which somebody has open (unix(7)).
        case EAGAIN, EPROTOTYPE: return true
        default: throw failure
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}

/// A path at which a gateway can't listen.
package struct SocketFileFailure: Error, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case inUse
        case noSocket
        case system(SystemFailure)
    }

    package let path: String
    package let reason: Reason

    init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    package var description: String {
        let (fault, advice) =
            switch reason {
            case .inUse: ("somebody listens there", "Stop that process, or set another \"path\".")
            case .noSocket:
                (
                    "a file is there that is no socket",
                    "It is left as it is: remove it, or set another \"path\"."
                )
            case .system(let failure): ("\(failure)", Self.advice(failure))
            }
        return "cannot listen on unix:\(path): \(fault). \(advice)"
    }

    private static func advice(_ failure: SystemFailure) -> String {
        switch failure.number {
        case ENOENT: "Make its folder."
        case EACCES, EPERM, EROFS: "Let the gateway's user write into its folder."
        default: "Set another \"path\"."
        }
    }
}
