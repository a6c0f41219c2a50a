/// Sends whatever it likes: noise, broken requests, floods, heads without end, requests that stop in the middle. It must
/// be got rid of in time, and nobody else may notice.
import Gateway
import Primitives

final class HostileClient: Client {
    private enum Habit: CaseIterable {
        case noise
        case brokenRequest
        case flood
        case hugeHead
        case half
        case halfBody
        case brokenFrames
        case silent
        case stuckHandshake
    }

    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    private var habit = Habit.noise
    private var pause = Instant(nanoseconds: 0)
    private var hasStarted = false

    init(_ number: Int, diligence: Int, _ random: SeededGenerator) {
        name = "stranger \(number)"
        self.random = random
        self.diligence = diligence
    }

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause {
                habit = random.pick(Habit.allCases)
                hasStarted = false
                let socket = world.connect(name, &random)
                if habit == .stuckHandshake { socket.link.stickInHandshake() }
                self.socket = socket
                world.note("\(name) comes with \(habit)")
            }
            return
        }
        if random.chance(oneIn: 150) { return leave(in: world) }
        if random.chance(oneIn: 100) { return socket.endSending() }
        guard !socket.hasOutgoing else { return }
        send(socket)
    }

    private func send(_ socket: ClientSocket) {
        defer { hasStarted = true }
        switch habit {
        case .noise: socket.send(noise(1 + random.below(300)))
        case .brokenRequest: socket.send(brokenRequest())
        case .flood:
            if !hasStarted || random.chance(30) {
                let request = random.pick([
                    "GET /topics?limit=1000", "GET /poll?topics=**", "HEAD /sse?topics=**", "GET /topics/a/0",
                ])
                for _ in 0..<1 + random.below(60) {
                    socket.send("\(request) HTTP/1.1\r\nHost: simulated\r\n\r\n")
                }
            }
        case .hugeHead:
            if !hasStarted { socket.send("GET / HTTP/1.1\r\n") }
            let isOneLine = random.chance(50)
            for _ in 0..<20 {
                socket.send("X-A: " + String(repeating: "y", count: 80) + (isOneLine ? "" : "\r\n"))
            }
        case .half: if !hasStarted { socket.send("GET /topics HTTP/1.1\r\nHost: simu") }
        case .halfBody:
            if !hasStarted {
                socket.send("PUT /topics/a/0 HTTP/1.1\r\nHost: s\r\nContent-Length: 50\r\n\r\n[9")
            }
        case .brokenFrames:
            if !hasStarted {
                socket.send(
                    "GET /ws?topics=** HTTP/1.1\r\nHost: s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
            } else if random.chance(20) {
                socket.send(noise(1 + random.below(40)))
            }
        case .silent, .stuckHandshake: return
        }
    }

    private func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(random.below(256)) }
    }

    private func brokenRequest() -> [UInt8] {
        var bytes = Array(
            "GET /sse?topics=a/0,b/*&cursor=sim1-3 HTTP/1.1\r\nHost: simulated\r\nAccept: */*\r\n\r\n".utf8)
        for _ in 0..<1 + random.below(4) {
            let place = random.below(bytes.count)
            switch random.below(3) {
            case 0: bytes[place] = UInt8(random.below(256))
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8(random.below(256)), at: place)
            }
        }
        return bytes
    }

    func receive(in world: World) throws {
        guard let socket else { return }
        socket.consume(socket.incoming.count)
    }

    func lost(_ socket: ClientSocket, in world: World) throws {
        pause = world.time.now + .milliseconds(random.below(500))
    }

    /// Nobody keeps a connection by stopping in the middle.
    func check(in world: World) throws {
        guard let socket, !socket.hasOutgoing, let accepted = socket.link.acceptedAt,
            !socket.link.isGatewayClosed, !socket.link.isReset
        else { return }
        let link = socket.link
        let heard = max(accepted, link.lastRead)
        let http = world.configuration.http
        let limit: Duration
        switch habit {
        case .half where link.readCount > 0: limit = http.headTimeout
        case .halfBody where link.readCount > 0: limit = http.bodyTimeout
        case .stuckHandshake: limit = http.headTimeout
        case .silent, .half, .halfBody: limit = http.idleTimeout
        default: return
        }
        let subscribers = world.configuration.subscribers
        let ending = diligence == 0 ? subscribers.sendTimeout : subscribers.closeTimeout
        if link.unreadCount == 0, world.time.now.since(heard) > limit + ending + world.slack + world.slack {
            throw fault(
                "still has its connection with \(habit) after \(world.time.now.since(heard)); "
                    + "it was written to \(world.time.now.since(link.lastWritten)) ago, \(link.state)")
        }
    }
}
