import Foundation
import Glibc
import Synchronization
import Testing
import Transport

/// A Unix socket: who may come, what it makes way for, what it leaves behind, and how loops share it.
@Suite final class SharedSocketTests {
    private let folder: URL
    private var path: String { folder.appendingPathComponent("gate.sock").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            // A folder left in the temporary directory harms nobody.
        }
    }

    private func open(_ mode: UInt32 = 0o660) throws -> SharedSocket {
        try SharedSocket(path: path, mode: mode, backlog: 16)
    }

    private func reason(_ open: () throws -> SharedSocket) -> SocketFileFailure.Reason? {
        do {
            _ = try open()
            return nil
        } catch {
            return (error as? SocketFileFailure)?.reason
        }
    }

    private var status: stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    @Test func aPathHasAsManyBytesAsTheKernelTakes() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        let address = try #require(SocketAddress(path: longest))
        #expect(address.path == longest && address.description == "unix:" + longest)
        #expect(address.isLocal && !address.isWildcard && address.port == 0)
        #expect(SocketAddress(path: longest + "a") == nil)
        #expect(SocketAddress(path: "") == nil && SocketAddress(path: "/a\0b") == nil)
    }

    @Test(arguments: [UInt32(0o600), 0o660, 0o777]) func theFilePermitsWhatIsSaid(mode: UInt32) throws {
        let socket = try open(mode)
        #expect(try #require(status).st_mode == S_IFSOCK | mode)
        socket.stop()
    }

    @Test func thePeerIsAProcess() throws {
        let socket = try open()
        var options = Listener.Options()
        options.sendBufferByteCount = 32_768
        var listener = try Listener(sharing: socket, options)
        let client = try ByteStream.connect(to: socket.address)
        let server = try acceptOne(from: &listener)
        let peer = server.peer
        #expect(peer == "unix:uid=\(getuid()),pid=\(getpid())")
        #expect(option(server.number, SOL_SOCKET, SO_SNDBUF) == 65_536)
        #expect(client.write("hello") == .bytes(5))
        #expect(server.read().bytes == Array("hello".utf8))
        // Nothing gets lost on the way, so nobody can have vanished.
        #expect(server.sinceAcknowledgement == .zero && server.unsentByteCount == 0)
    }

    @Test func oneThatIsLeftOverMakesWay() throws {
        // Bound and closed, as by a process that has ended at once.
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try bind(number)
        close(number)
        #expect(status != nil)
        let socket = try open()
        _ = try ByteStream.connect(to: socket.address)
    }

    @Test func oneThatIsInUseDoesNot() throws {
        let socket = try open()
        let inode = status?.st_ino
        #expect(reason { try self.open() } == .inUse)
        #expect(status?.st_ino == inode)
        _ = try ByteStream.connect(to: socket.address)
    }

    @Test func aSocketOfAnotherKindDoesNot() throws {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(number) }
        try bind(number)
        #expect(reason { try self.open() } == .inUse && status != nil)
    }

    private func bind(_ number: Int32) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: self.path.utf8) }
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    @Test func whatIsNoSocketIsNeverRemoved() throws {
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        #expect(reason { try self.open() } == .noSocket)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        try FileManager.default.removeItem(atPath: path)
        // A link to a socket is none.
        let other = try SharedSocket(path: path + "2", mode: 0o660, backlog: 16)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + "2")
        #expect(reason { try self.open() } == .noSocket)
        other.stop()
    }

    @Test func aFolderThatIsMissingIsSaid() throws {
        try FileManager.default.removeItem(at: folder)
        #expect(reason { try self.open() } == .system(SystemFailure("bind", ENOENT)))
    }

    @Test func theEndRemovesItsOwnFileAlone() throws {
        let first = try open()
        first.stop()
        #expect(status == nil)
        #expect(throws: SystemFailure.self) { _ = try ByteStream.connect(to: first.address) }
        let second = try open()
        try FileManager.default.removeItem(atPath: path)
        try Data().write(to: URL(fileURLWithPath: path))
        second.stop()
        #expect(status != nil)
    }

    @Test func whoWaitsAtTheEndIsNotLeftWaiting() throws {
        let socket = try open()
        let client = try ByteStream.connect(to: socket.address)
        socket.stop()
        try client.awaitBytes()
        #expect(client.read().bytes.isEmpty)
    }

    // MARK: Among loops

    /// What a thread has told: its place in /proc.
    private final class Report: Sendable {
        let place = Mutex<String?>(nil)
    }

    /// Accepts, on a thread of its own, one connection after the other, and sends each its number, until it is woken.
    private func loop(_ number: UInt8, _ socket: SharedSocket, _ stop: Wakeup) throws -> (LoopThread, Report)
    {
        let report = Report()
        let thread = try LoopThread(name: "loop \(number)") {
            do {
                let kernel = try SystemKernel([(socket.address, socket)], .init(), wakeup: stop)
                report.place.withLock { $0 = threadPlace() }
                var ready: [Poller.Event] = []
                repeat {
                    try kernel.wait(timeout: nil, into: &ready)
                    for event in ready {
                        guard case .connection(let stream) = kernel.accept(from: event.listener ?? 0) else {
                            continue
                        }
                        _ = [number].withUnsafeBufferPointer { stream.write($0) }
                    }
                } while !ready.isEmpty
            } catch {
                Issue.record("\(error)")
            }
        }
        return (thread, report)
    }

    /// Waits until the thread sleeps.
    private func awaitSleep(_ report: Report) throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            if let place = report.place.withLock({ $0 }) {
                let stat = try String(contentsOfFile: "/proc/\(place)/stat", encoding: .utf8)
                if stat.contains(") S ") { return }
            }
            sched_yield()
        }
        throw SystemFailure("the thread does not sleep", ETIMEDOUT)
    }

    /// When all sleep, the kernel would always wake the same one.
    @Test func loopsTakeTurns() throws {
        let socket = try open()
        let stops = [try Wakeup(), try Wakeup()]
        var loops: [(thread: LoopThread, report: Report)] = []
        for (number, stop) in stops.enumerated() {
            loops.append(try loop(UInt8(number), socket, stop))
            try awaitSleep(loops[number].report)
        }
        var taken: [UInt8] = []
        for _ in 0..<6 {
            for loop in loops { try awaitSleep(loop.report) }
            let client = try ByteStream.connect(to: socket.address)
            try client.awaitBytes()
            taken += client.read().bytes
        }
        #expect(taken == [0, 1, 0, 1, 0, 1])
        for stop in stops { stop.wake() }
        for loop in loops { loop.thread.join() }
    }
}

/// The calling thread's place in /proc.
private func threadPlace() -> String? {
    do {
        return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    } catch {
        return nil
    }
}
