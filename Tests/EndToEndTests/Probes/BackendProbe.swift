/// A service that knows the users, as a gateway asks it: a small server that says what the test wants.
import Foundation

/// Any thread.
final class BackendProbe: @unchecked Sendable {
    // Unchecked: the condition guards what changes.

    /// The answer to a request, byte for byte.
    enum Answer {
        case json(Int, String)
        /// Bytes as they are; then the connection ends.
        case raw(String)
        /// Nothing, until the test lets go.
        case held(String)
    }

    let port: UInt16
    private let listener: Int32
    private let condition = NSCondition()
    private var requests: [String] = []
    private var isHolding = true
    private let answer: @Sendable (String) -> Answer

    /// `answer` is given the head of a request.
    init(_ answer: @escaping @Sendable (String) -> Answer) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var byteCount = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = listener
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(number, address, byteCount) + listen(number, 100)
                    + getsockname(number, address, &byteCount)
            }
        }
        guard listener >= 0, status == 0 else { throw Fault("no listener: \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(number, nil, nil)
                guard connection >= 0, let self else { return }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    var url: String { "http://127.0.0.1:\(port)/who?of=gateway" }

    /// The heads of all requests so far.
    var heads: [String] { condition.withLock { requests } }

    /// Gives the answers that are held.
    func letGo() {
        condition.withLock {
            isHolding = false
            condition.broadcast()
        }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while let head = head(from: connection) {
            condition.withLock { requests.append(head) }
            switch answer(head) {
            case .json(let status, let text): send(Self.whole(status, text), over: connection)
            case .raw(let text): return send(text, over: connection)
            case .held(let text):
                condition.withLock { while isHolding { condition.wait() } }
                send(Self.whole(200, text), over: connection)
            }
        }
    }

    private static func whole(_ status: Int, _ text: String) -> String {
        let length = status == 204 ? "" : "Content-Length: \(text.utf8.count)\r\n"
        return "HTTP/1.1 \(status) Said\r\n\(length)\r\n\(text)"
    }

    private func head(from connection: Int32) -> String? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) == 1 {
            head.append(byte)
            if head.suffix(4) == [13, 10, 13, 10] { return String(decoding: head, as: UTF8.self) }
        }
        return nil
    }

    private func send(_ text: String, over connection: Int32) {
        let bytes = Array(text.utf8)
        _ = Foundation.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
