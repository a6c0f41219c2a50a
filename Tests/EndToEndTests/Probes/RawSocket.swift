/// One TCP connection, byte for byte, with a deadline on every wait.
import Foundation

/// Used by one test at a time.
final class RawSocket {
    private let number: Int32
    private var isClosed = false
    /// Bytes that came and were not taken yet.
    private(set) var received: [UInt8] = []
    /// Whether the peer has ended its side; `wasReset` if it did so with a RST.
    private(set) var isAtEnd = false
    private(set) var wasReset = false
    /// The most bytes to receive at once; a small number makes a slow reader.
    var pieceByteCount = 65_536

    /// Connects to the loopback address of one family; a small `receiveBuffer` is soon full.
    init(port: UInt16, receiveBuffer: Int32? = nil, family: Family = .ipv4) throws {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        number = socket(family == .ipv4 ? AF_INET : AF_INET6, type, 0)
        guard number >= 0 else { throw Fault("socket: \(String(cString: strerror(errno)))") }
        if var receiveBuffer { setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var on: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        guard connect(number, port, family) == 0 else {
            let reason = String(cString: strerror(errno))
            Foundation.close(number)
            isClosed = true
            throw Fault("connect: \(reason)")
        }
    }

    enum Family { case ipv4, ipv6 }

    deinit { close() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Foundation.close(number)
    }

    /// Closes abruptly: the peer gets a RST.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func endWriting() { shutdown(number, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Fault("send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends as much as the kernel takes at once; returns how many bytes that was.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Foundation.send(
                number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    /// Whether more bytes, or the end, have come.
    var hasInput: Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Waits for more bytes; false if no more will come.
    @discardableResult
    func receive(within seconds: TimeInterval = patience) throws -> Bool {
        if isAtEnd { return false }
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(seconds * 1000)) > 0 else {
            throw Fault("nothing came in time; so far: \(text.suffix(400))")
        }
        var piece = [UInt8](repeating: 0, count: pieceByteCount)
        let count = recv(number, &piece, piece.count, 0)
        if count > 0 {
            received.append(contentsOf: piece[..<count])
            return true
        }
        isAtEnd = true
        wasReset = count < 0
        return false
    }

    /// Drops the received bytes except the last ones, which may begin the text searched for.
    func forget(keeping count: Int) { received.removeFirst(max(received.count - count, 0)) }

    func contains(_ needle: [UInt8]) -> Bool { Data(received).range(of: Data(needle)) != nil }

    /// Takes the bytes before `mark`, and the mark.
    func take(through mark: String) throws -> [UInt8] {
        let mark = Array(mark.utf8)
        var looked = 0
        while true {
            var at = looked
            while at + mark.count <= received.count {
                if received[at] == mark[0], received[at..<(at + mark.count)].elementsEqual(mark) {
                    return take(at + mark.count)
                }
                at += 1
            }
            looked = at
            guard try receive() else { throw Fault("the connection ended after: \(text.suffix(400))") }
        }
    }

    func take(exactly count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receive() else { throw Fault("the connection ended after: \(text.suffix(400))") }
        }
        return take(count)
    }

    /// Whether any bytes are left to take, now or later.
    func hasMore() throws -> Bool {
        while received.isEmpty { guard try receive() else { return false } }
        return true
    }

    /// Takes all bytes until the peer ends the connection.
    func takeAll() throws -> [UInt8] {
        while try receive() {}
        return take(received.count)
    }

    private func take(_ count: Int) -> [UInt8] {
        let taken = Array(received[..<count])
        received.removeFirst(count)
        return taken
    }

    private var text: String { String(decoding: received, as: UTF8.self) }
}

private func connect(_ number: Int32, _ port: UInt16, _ family: RawSocket.Family) -> Int32 {
    switch family {
    case .ipv4:
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return connect(number, &address)
    case .ipv6:
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return connect(number, &address)
    }
}

private func connect<Address>(_ number: Int32, _ address: inout Address) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Foundation.connect(number, $0, socklen_t(MemoryLayout<Address>.size))
        }
    }
}
