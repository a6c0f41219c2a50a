/// Listening sockets that whoever has started this process passes to it, as systemd does (sd_listen_fds(3)).
internal import CLinux
internal import Glibc
internal import Primitives

package enum PassedSockets {
    /// A descriptor, and what it is called.
    package struct Named: Equatable {
        package let number: Int32
        package let name: String
    }

    /// The first descriptor; the others follow it.
    private static let first: Int32 = 3
    /// As systemd, for one without a name.
    private static let unnamed = "unknown"

    /// The sockets that the environment speaks of, taken over: nobody else may close them.
    package static func take(
        pid: Int32, _ environment: (String) -> String?
    ) throws(PassedSocketsFailure) -> [SharedSocket] {
        var sockets: [SharedSocket] = []
        for named in try parse(pid: pid, environment) { sockets.append(try SharedSocket(passed: named)) }
        return sockets
    }

    /// What the environment says; nothing where it was written for another process, whose descendant this one is.
    package static func parse(
        pid: Int32, _ environment: (String) -> String?
    ) throws(PassedSocketsFailure) -> [Named] {
        guard let addressee = environment("LISTEN_PID"), addressee == String(pid) else { return [] }
        let text = environment("LISTEN_FDS") ?? ""
        guard let count = Array(text.utf8).span.decimal, count <= 256 else {
            throw PassedSocketsFailure("LISTEN_FDS is \"\(text)\"; a number up to 256 is wanted")
        }
        let numbers = first..<first + Int32(count)
        guard let list = environment("LISTEN_FDNAMES") else {
            return numbers.map { Named(number: $0, name: unnamed) }
        }
        let names = count == 0 ? [] : list.split(separator: ":", omittingEmptySubsequences: false)
        guard names.count == numbers.count else {
            throw PassedSocketsFailure(
                "LISTEN_FDNAMES has \(names.count) names for \(numbers.count) sockets (\"\(list)\")")
        }
        return zip(numbers, names).map { Named(number: $0, name: String($1)) }
    }
}

/// What was passed can't be used.
package struct PassedSocketsFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension SharedSocket {
    /// Takes over a socket that listens already. Its path, if it has one, stays when the process ends, and whoever connects
    /// meanwhile waits for the next one.
    package convenience init(passed named: PassedSockets.Named) throws(PassedSocketsFailure) {
        let number = named.number
        let address = SocketAddress.local(of: number)
        guard Self.option(SO_TYPE, of: number) == Int32(SOCK_STREAM.rawValue),
            Self.option(SO_ACCEPTCONN, of: number) == 1,
            [AF_INET, AF_INET6, AF_UNIX].contains(address.family)
        else {
            throw PassedSocketsFailure(
                "descriptor \(number) (\"\(named.name)\") was passed as a socket, and is none that listens for streams"
            )
        }
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        self.init(FileDescriptor(owning: number), at: address, called: named.name)
    }

    private static func option(_ name: Int32, of number: Int32) -> Int32? {
        var value: Int32 = 0
        var byteCount = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(number, SOL_SOCKET, name, &value, &byteCount) == 0 ? value : nil
    }
}
