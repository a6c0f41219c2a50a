import Primitives
import Synchronization
import Transport

/// A server that follows a test's script for each connection, on a thread of its own and a free port.
final class ScriptedServer: Sendable {
    /// One connection, as a script sees it. Every wait ends after some seconds, so that no test hangs.
    struct Peer: ~Copyable {
        fileprivate let stream: ByteStream
        fileprivate let server: ScriptedServer
        private(set) var received = ByteBuffer()

        fileprivate init(_ stream: consuming ByteStream, _ server: ScriptedServer) {
            self.stream = stream
            self.server = server
        }

        /// Reads until `text` comes, keeps everything up to its end for the test, and forgets it. False at the end.
        @discardableResult
        mutating func read(until text: String = "\r\n\r\n") -> Bool {
            while true {
                if let end = received.array.end(of: text) {
                    let head = received.bytes.extracting(0..<end).text
                    server.requests.withLock { $0.append(head) }
                    received.consume(end)
                    return true
                }
                guard stream.waitReadable(timeout: .seconds(20)) else { return false }
                var outcome = ByteStream.ReadOutcome.ended
                _ = received.appendUnsafe(upTo: 65536) { space in
                    outcome = stream.read(into: space)
                    if case .bytes(let count, _) = outcome { return count }
                    return 0
                }
                guard case .bytes = outcome else { return false }
            }
        }

        /// The head of a request; empty if the client ended without one.
        mutating func readHead() -> String {
            read() ? server.heads.last ?? "" : ""
        }

        func send(_ text: String) { send(Array(text.utf8)) }

        func send(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let outcome = rest.withUnsafeBufferPointer { stream.write($0) }
                switch outcome {
                case .bytes(let count): rest = rest.dropFirst(count)
                case .blocked:
                    _ = Readiness.wait(for: [.init(stream.number, .write)], timeout: .seconds(20))
                case .failed: return
                }
            }
        }

        /// Waits until the client ends the connection.
        mutating func awaitEnd() { while read(until: "\u{0}never") {} }
    }

    typealias Script = @Sendable (inout Peer) -> Void

    let port: UInt16
    private let requests = Mutex<[String]>([])

    /// Runs one script for each connection, in order; then it stops listening.
    init(_ scripts: [Script]) throws {
        var address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0]
        address = try Listener.claim(address)
        port = address.port
        var listener: Listener? = try Listener(address, .init())
        let number = listener?.number ?? -1
        _ = try LoopThread(name: "scripted") { [self] in
            for script in scripts {
                guard Readiness.wait(for: [.init(number, .read)], timeout: .seconds(20))[0],
                    case .connection(let stream)? = listener?.accept()
                else { break }
                var peer = Peer(stream, self)
                script(&peer)
            }
            listener = nil
        }
    }

    /// The heads so far: all bytes read up to some text.
    var heads: [String] { requests.withLock { $0 } }
}

extension [UInt8] {
    /// Where `text`, which they hold, ends; the standard library has no such search.
    fileprivate func end(of text: String) -> Int? {
        let pattern = Array(text.utf8)
        guard count >= pattern.count else { return nil }
        let start = (0...(count - pattern.count)).first { self[$0...].starts(with: pattern) }
        return start.map { $0 + pattern.count }
    }
}
