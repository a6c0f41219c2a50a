/// A bare socket to a server on this machine: the tool must cost less than what it measures.
import Glibc

final class BenchSocket: Sendable {
    let number: Int32

    /// Connects and waits for the result; `source` is the last part of the local address in 127.0.0.0/8.
    init(to port: UInt16, source: UInt32 = 1) throws {
        number = try Self.open(to: port, source: source)
    }

    func setSendBuffer(byteCount: Int32) {
        var byteCount = byteCount
        setsockopt(number, SOL_SOCKET, SO_SNDBUF, &byteCount, socklen_t(MemoryLayout<Int32>.size))
    }

    func close() { _ = Glibc.close(number) }

    func sendAll(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BenchFailure("the server closed the publisher's connection") }
            rest.removeFirst(count)
        }
    }

    /// The bytes that have come, without waiting; nil at the end.
    func receiveNow() -> [UInt8]? {
        var space = [UInt8](repeating: 0, count: 65_536)
        let count = recv(number, &space, space.count, Int32(MSG_DONTWAIT))
        if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return nil }
        return Array(space.prefix(max(count, 0)))
    }

    /// Waits until `text` comes, and drops it and everything before.
    func await(_ text: [UInt8]) throws {
        var seen: [UInt8] = []
        while seen.firstIndex(of: text) == nil {
            var space = [UInt8](repeating: 0, count: 4096)
            let count = recv(number, &space, space.count, 0)
            guard count > 0 else { throw BenchFailure("the server closed the publisher's connection") }
            seen += space.prefix(count)
        }
    }

    static func open(to port: UInt16, source: UInt32) throws -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw BenchFailure("no socket: \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        do {
            if source != 1 {
                // Chooses the port once the destination is known; otherwise each address would have only 28,000 of
                // them.
                let withoutPort: Int32 = 24
                setsockopt(
                    number, Int32(IPPROTO_IP), withoutPort, &on, socklen_t(MemoryLayout<Int32>.size))
                try call(number, source, 0) { bind($0, $1, $2) }
            }
            try call(number, 1, port) { connect($0, $1, $2) }
        } catch {
            _ = Glibc.close(number)
            throw error
        }
        return number
    }

    private static func call(
        _ number: Int32, _ host: UInt32, _ port: UInt16,
        _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (UInt32(127) << 24 | host).bigEndian
        let outcome = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else {
            throw BenchFailure("127.0.0.1:\(port): \(String(cString: strerror(errno)))")
        }
    }
}
