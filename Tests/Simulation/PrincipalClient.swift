/// Reads over a WebSocket with rights that change and end, and is sent nothing outside of them (docs/protocol.md, invariant 8).
import Access
import Broker
import Gateway
import HTTP
import Primitives
import TestSupport
import WebSocket

/// What it holds, and in which order, is left to others: it looks at rights alone.
final class PrincipalClient: Client {
    private enum Question {
        /// Rights for the patterns of a mask, until then.
        case auth(UInt64, end: Instant)
        case subscribe(UInt64)
    }

    /// All principals' tokens are signed with it.
    static let secret = [UInt8](repeating: 0x7D, count: 32)
    private static let maker = TokenMaker(.secret(secret))
    /// A turn's moment and a token's are milliseconds apart by their rounding.
    private static let rounding = Duration.milliseconds(2)

    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    private var head = AnswerReader.HeadReader()
    private var messages = MessageReader(role: .client)
    private var isOpen = false
    private var isWelcomed = false
    private var isClosing = false
    private var questions: [Question] = []
    /// What it may read at this place of what it was sent, and until when.
    private var granted = UInt64.max
    private var end = Instant.never
    private var pause = Instant(nanoseconds: 0)

    init(_ number: Int, diligence: Int, _ random: SeededGenerator) {
        name = "principal \(number)"
        self.diligence = diligence
        self.random = random
    }

    // MARK: Saying

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause { connect(in: world) }
            return
        }
        if random.chance(oneIn: 150) { return leave(in: world) }
        guard isWelcomed, !isClosing, questions.count < 4, random.chance(20) else { return }
        if random.chance(40) { authenticate(socket, in: world) } else { subscribe(socket, in: world) }
    }

    private func connect(in world: World) {
        (isOpen, isWelcomed, isClosing) = (false, false, false)
        head = AnswerReader.HeadReader()
        messages = MessageReader(role: .client)
        questions = []
        // Strangers may everything here, and whose token came too late still is one.
        (granted, end) = (.max, .never)
        let key = Handshake.makeKey(randomBytes: (0..<16).map { _ in UInt8(random.below(256)) })
        let made = world.connect(name, &random)
        made.send(
            "GET /ws HTTP/1.1\r\nHost: simulated\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key.text)\r\n\r\n")
        socket = made
        world.note("\(name) connects to loop \(made.link.loop)")
    }

    /// Shows a token with rights for some patterns and a life of some hundred milliseconds or some seconds.
    private func authenticate(_ socket: ClientSocket, in world: World) {
        let mask = world.pickMask(&random) | (random.chance(30) ? 1 << UInt64(random.below(3)) : 0)
        let life = random.pick([300, 900, 2500, 6000])
        let milliseconds = world.time.wall.milliseconds + UInt64(life)
        let patterns = quoted(mask).joined(separator: ",")
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        let claims =
            #"{"sub":"\#(name)","exp":\#(milliseconds / 1000).\#(fraction),"#
            + #""tidegate":{"subscribe":[\#(patterns)]}}"#
        let token = Self.maker.token("HS256", claims)
        questions.append(.auth(mask, end: world.time.now + .milliseconds(life)))
        world.note("\(name) shows rights for \(patterns) of \(life) ms")
        say(#"{"type":"auth","id":1,"token":"\#(token)"}"#, socket)
    }

    private func subscribe(_ socket: ClientSocket, in world: World) {
        let mask = world.pickMask(&random)
        questions.append(.subscribe(mask))
        let topics = quoted(mask).joined(separator: ",")
        world.note("\(name) subscribes to \(topics)")
        say(#"{"type":"subscribe","id":1,"topics":[\#(topics)]}"#, socket)
    }

    private func quoted(_ mask: UInt64) -> [String] {
        Universe.standard.texts(mask).map { Universe.quoted($0).text }
    }

    private func say(_ text: String, _ socket: ClientSocket) {
        var bytes = ByteBuffer()
        let key = MaskKey(bits: UInt32(truncatingIfNeeded: random.next()))
        bytes.append(frame: .text, payload: Array(text.utf8).span, key: key)
        socket.send(bytes)
    }

    // MARK: Hearing

    func receive(in world: World) throws {
        guard let socket else { return }
        try named {
            if !isOpen {
                guard let head = try head.next(socket) else { return }
                guard head.status == 101 else {
                    isClosing = true
                    socket.consume(socket.incoming.count)
                    return socket.close()
                }
                isOpen = true
                messages = MessageReader(
                    role: .client, limits: MessageLimits(messageByteCount: 4 << 20, frameCount: 1000))
            }
            while socket.incoming.count > 0, !isClosing {
                let space = UnsafeMutableBufferPointer(mutating: socket.incoming.unsafeBytes)
                let step = try messages.next(space)
                if step.isWaiting { return }
                var message: [UInt8]?
                switch step.event {
                case .message(_, let range): message = Array(space[range])
                case .assembledMessage: message = messages.message.array
                case .ping(let range):
                    var pong = ByteBuffer()
                    pong.append(
                        frame: .pong, payload: Array(space[range]).span,
                        key: MaskKey(bits: UInt32(truncatingIfNeeded: random.next())))
                    socket.send(pong)
                case .close:
                    isClosing = true
                    var farewell = ByteBuffer()
                    farewell.append(
                        closeFrame: .normal, key: MaskKey(bits: UInt32(truncatingIfNeeded: random.next())))
                    socket.send(farewell)
                case .pong, nil: break
                }
                socket.consume(step.consumed)
                if let message { try receive(try JSONMembers(message), socket, in: world) }
            }
        }
    }

    private func receive(_ members: JSONMembers, _ socket: ClientSocket, in world: World) throws {
        switch members.string("type") {
        case "welcome":
            isWelcomed = true
            authenticate(socket, in: world)
        case "updates":
            for range in try members.elements("updates") {
                try look(at: members.text.span.extracting(range), socket, in: world)
            }
        case "authenticated":
            guard case .auth(let mask, let end)? = questions.first else { throw wrong(members) }
            questions.removeFirst()
            (granted, self.end) = (mask, end)
        case "subscribed":
            guard case .subscribe(let mask)? = questions.first, try isAllowed(mask) else {
                throw wrong(members)
            }
            questions.removeFirst()
        case "unsubscribed":
            guard members.string("code") == "forbidden" else { throw wrong(members) }
            for range in try members.elements("topics") where try isAllowed(Array(members.text[range])) {
                throw SimulationFailure("was taken what it may read: \(members.text[range].text)")
            }
        case "error": try receive(error: members, socket, in: world)
        default: break
        }
    }

    private func receive(error members: JSONMembers, _ socket: ClientSocket, in world: World) throws {
        guard members["id"] != nil else { return }
        switch (questions.first, members.string("code")) {
        case (.subscribe(let mask)?, "forbidden"):
            if try isAllowed(mask) { throw wrong(members) }
        // Its rights have ended, or those that it shows have while they were on their way.
        case (.subscribe?, "unauthenticated"):
            if world.time.now + Self.rounding < end { throw wrong(members) }
        case (.auth(_, let end)?, "unauthenticated"):
            if world.time.now + Self.rounding < end { throw wrong(members) }
        case (_?, "overloaded") where socket.link.isUnlucky: break
        default: throw wrong(members)
        }
        questions.removeFirst()
    }

    /// The update was sent while the rights that hold at this place of the stream covered it, and before they ended.
    private func look(at line: Span<UInt8>, _ socket: ClientSocket, in world: World) throws {
        guard let (topic, _) = world.truth.find(line) else {
            throw SimulationFailure("was sent what nobody published: \(line.text)")
        }
        guard Universe.standard.names[topic].mask & granted != 0 else {
            throw SimulationFailure(
                "was sent what lies outside of its rights to \(quoted(granted)): \(line.text)")
        }
        guard let offer = socket.offer else { throw SimulationFailure("was sent bytes that nobody offered") }
        if offer.turnStart > end + Self.rounding {
            throw SimulationFailure(
                "was sent something \(offer.turnStart.since(end)) after its rights had ended")
        }
    }

    private func isAllowed(_ mask: UInt64) throws -> Bool {
        try Universe.standard.texts(mask).allSatisfy { try isAllowed(TopicPattern($0)) }
    }

    private func isAllowed(_ quoted: [UInt8]) throws -> Bool {
        guard let text = Universe.standard.patterns.first(where: { Universe.quoted($0) == quoted }) else {
            throw SimulationFailure("was told of a pattern that nobody asked for: \(quoted.text)")
        }
        return try isAllowed(TopicPattern(text))
    }

    private func isAllowed(_ pattern: TopicPattern) throws -> Bool {
        try Universe.standard.texts(granted).contains { pattern.lies(within: try TopicPattern($0)) }
    }

    private func wrong(_ members: JSONMembers) -> SimulationFailure {
        SimulationFailure(
            "with rights to \(quoted(granted)), \(questions.first.map { "\($0)" } ?? "nothing") was answered \(members.text.text)"
        )
    }

    // MARK: Ends

    func lost(_ socket: ClientSocket, in world: World) throws {
        pause = world.time.now + .milliseconds(random.below(300))
    }

    func restart(in world: World) {
        questions = []
    }
}
