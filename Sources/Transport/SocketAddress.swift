/// An address that a socket listens on or connects to: IPv4 or IPv6 and a port, or the path of a Unix socket.
internal import CLinux
internal import Glibc

package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    /// Of no family yet, or a `sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
    private var storage = sockaddr_storage()
    private var byteCount: socklen_t = 0

    private init() {}

    init(_ address: UnsafePointer<sockaddr>, _ byteCount: socklen_t) {
        memcpy(&storage, address, min(Int(byteCount), MemoryLayout<sockaddr_storage>.size))
        self.byteCount = byteCount
        unmap()
    }

    /// A path may have so many bytes (unix(7)).
    package static let pathLimit = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size - 1

    /// The Unix socket at `path`; nil if that is empty or too long.
    package init?(path: String) {
        let bytes = Array(path.utf8)
        guard (1...Self.pathLimit).contains(bytes.count), !bytes.contains(0) else { return nil }
        storage.ss_family = sa_family_t(AF_UNIX)
        let start = MemoryLayout<sa_family_t>.size
        withUnsafeMutableBytes(of: &storage) { storage in
            UnsafeMutableRawBufferPointer(rebasing: storage[start...]).copyBytes(from: bytes)
        }
        // With the zero behind it.
        byteCount = socklen_t(start + bytes.count + 1)
    }

    /// The path of a Unix socket; nil for any other.
    package var path: String? {
        guard family == AF_UNIX else { return nil }
        let start = MemoryLayout<sa_family_t>.size
        return withUnsafeBytes(of: storage) {
            String(decoding: $0[start...].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Turns an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), which a socket of both families reports for a peer that
    /// came over IPv4, into the IPv4 address that it is.
    private mutating func unmap() {
        let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let host = hostBytes
        guard host.count == 16, host.starts(with: prefix) else { return }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: host.suffix(4)) }
        storage = sockaddr_storage()
        byteCount = socklen_t(MemoryLayout<sockaddr_in>.size)
        memcpy(&storage, &address, Int(byteCount))
    }

    /// Every address that `host` (a name or a literal; IPv6 without brackets) and `port` stand for.
    package static func resolve(host: String, port: UInt16) throws(ResolveFailure) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw ResolveFailure(host: host, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let info = next {
            found.append(SocketAddress(info.pointee.ai_addr, info.pointee.ai_addrlen))
            next = info.pointee.ai_next
        }
        return found
    }

    /// The address that `descriptor` is bound to.
    static func local(of descriptor: Int32) -> SocketAddress {
        var address = SocketAddress()
        address.byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &address.storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &address.byteCount)
            }
        }
        return address
    }

    package var family: Int32 { Int32(storage.ss_family) }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, byteCount) }
        }
    }

    /// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/tidegate.sock`
    package var description: String {
        if let path { return "unix:\(path)" }
        var host = [CChar](repeating: 0, count: 64)
        let status = withSockaddr { address, byteCount in
            getnameinfo(address, byteCount, &host, 64, nil, 0, NI_NUMERICHOST)
        }
        let text =
            status == 0
            ? host.withUnsafeBufferPointer { String(cString: $0.baseAddress.unsafelyUnwrapped) } : "?"
        return family == AF_INET6 ? "[\(text)]:\(port)" : "\(text):\(port)"
    }

    /// Of a Unix socket 0.
    package var port: UInt16 {
        get {
            guard family != AF_UNIX else { return 0 }
            return withUnsafeBytes(of: storage) {
                UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
            }
        }
        set {
            guard family != AF_UNIX else { return }
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: newValue.bigEndian, toByteOffset: 2, as: UInt16.self)
            }
        }
    }

    /// The address without the port, in network order: 4 bytes or 16.
    private var hostBytes: ArraySlice<UInt8> {
        let bytes = withUnsafeBytes(of: storage) { Array($0) }
        // Behind family and port; of `sockaddr_in6` also behind the flow label.
        switch family {
        case AF_INET: return bytes[4..<8]
        case AF_INET6: return bytes[8..<24]
        default: return []
        }
    }

    /// Whether only this machine can reach the address.
    package var isLocal: Bool {
        if family == AF_UNIX { return true }
        let host = hostBytes
        return family == AF_INET
            ? host.first == 127 : host.last == 1 && host.dropLast().allSatisfy { $0 == 0 }
    }

    /// Whether it stands for all addresses of the machine: `0.0.0.0` or `::`.
    package var isWildcard: Bool { family != AF_UNIX && hostBytes.allSatisfy { $0 == 0 } }

    package static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        left.byteCount == right.byteCount
            && withUnsafeBytes(of: left.storage) { left in
                withUnsafeBytes(of: right.storage) { right in left.elementsEqual(right) }
            }
    }
}

/// A host name without an address.
package struct ResolveFailure: Error, Sendable, CustomStringConvertible {
    package let host: String
    package let reason: String

    package init(host: String, reason: String) {
        self.host = host
        self.reason = reason
    }

    package var description: String { "no address for \"\(host)\": \(reason)" }
}
