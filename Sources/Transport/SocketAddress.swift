/// An address that a socket listens on or connects to: IPv4 or IPv6, and a port.
internal import Glibc

package struct SocketAddress: Sendable, CustomStringConvertible {
    private var storage = sockaddr_storage()
    private var byteCount: socklen_t = 0

    private init() {}

    init(_ address: UnsafePointer<sockaddr>, _ byteCount: socklen_t) {
        memcpy(&storage, address, min(Int(byteCount), MemoryLayout<sockaddr_storage>.size))
        self.byteCount = byteCount
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

    /// `127.0.0.1:8080`, `[::1]:8080`
    package var description: String {
        var host = [CChar](repeating: 0, count: 64)
        let status = withSockaddr { address, byteCount in
            getnameinfo(address, byteCount, &host, 64, nil, 0, NI_NUMERICHOST)
        }
        let text =
            status == 0
            ? host.withUnsafeBufferPointer { String(cString: $0.baseAddress.unsafelyUnwrapped) } : "?"
        return family == AF_INET6 ? "[\(text)]:\(port)" : "\(text):\(port)"
    }

    package var port: UInt16 {
        get {
            withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
        }
        set {
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: newValue.bigEndian, toByteOffset: 2, as: UInt16.self)
            }
        }
    }

    /// Whether only this machine can reach the address.
    package var isLoopback: Bool {
        description.hasPrefix("127.") || description.hasPrefix("[::1]")
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
