/// Reads and publishes over a WebSocket, in frames of all shapes.
import Gateway
import HTTP
import Primitives
import WebSocket

final class WebSocketClient: Client {
    /// What it asked and has no answer to.
    struct Command {
        enum Kind {
            case subscribe(UInt64, Resumption)
            case unsubscribe(UInt64)
            case pace
            case publish(numbers: [Int], count: Int)
            case ping
            case wrong(code: String)
        }

        let kind: Kind
        let id: [UInt8]?
        let rate: Double??
        let asked: UInt64
    }

    enum Phase {
        case opening
        case open
        /// It sent a close frame, or got one.
        case closing
    }

    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    /// Never answers a ping nor says anything once it is subscribed.
    let isMute: Bool
    let traits: WebSocketTraits
    var phase = Phase.opening
    private var head = AnswerReader.HeadReader()
    private var messages = MessageReader(role: .client)
    var agreement: PerMessageDeflate.Agreement?
    var reader = StreamReader()
    var commands: [Command] = []
    private var pause = Instant(nanoseconds: 0)
    /// What its handshake asked.
    private var opening: Command?
    private var isWelcomed = false
    private var closeCode: UInt16?
    private var heartbeat = 0
    private var lastMessage = Instant(nanoseconds: 0)
    private var lastPing = Instant(nanoseconds: 0)
    private var openedAt = Instant(nanoseconds: 0)
    private var closedAt: Instant?
    private var answerPatience = Patience()
    var commandCount = 0

    init(
        _ number: Int, diligence: Int, isMute: Bool, _ traits: WebSocketTraits, _ random: SeededGenerator
    ) {
        name = isMute ? "mute \(number)" : "websocket \(number)"
        self.diligence = diligence
        self.isMute = isMute
        self.traits = traits
        self.random = random
    }

    // MARK: Connecting

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause { connect(in: world) }
            return
        }
        if random.chance(oneIn: traits.isSteady ? 100_000 : 130) { return leave(in: world) }
        guard phase == .open, !isMute, random.chance(30) else { return }
        if traits.isSteady { return }
        if random.chance(oneIn: 150) {
            close(socket, code: .normal, world)
        } else if commands.count < 6 {
            command(socket, in: world)
        }
    }

    private func connect(in world: World) {
        phase = .opening
        head = AnswerReader.HeadReader()
        reader.reconnect()
        commands = []
        agreement = nil
        closedAt = nil
        isWelcomed = false
        answerPatience.reset()
        lastMessage = world.time.now
        lastPing = world.time.now
        openedAt = world.time.now
        let (mask, resumption) = traits.isSteady ? (traits.mask, .none) : world.pickSubscription(&random)
        let subscribes = traits.isSteady || isMute || random.chance(60)
        var query: [String] = []
        if subscribes {
            query.append(
                "topics=" + Universe.standard.texts(mask).map(Universe.escaped).joined(separator: ","))
            if let text = resumption.text { query.append("cursor=" + text) }
            if let last = resumption.last { query.append("last=\(last)") }
        }
        let rate: Double? = random.chance(traits.isSteady ? 0 : 25) ? world.pickRate(&random) : nil
        if let rate { query.append("maxRate=\(rate)") }
        heartbeat = random.chance(20) ? 1 + random.below(2) : 0
        if heartbeat > 0 { query.append("heartbeat=\(heartbeat)") }
        let key = Handshake.makeKey(randomBytes: (0..<16).map { _ in UInt8(random.below(256)) })
        var text = "GET /ws" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")) + " HTTP/1.1\r\n"
        text +=
            "Host: simulated\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        text += "Sec-WebSocket-Key: \(key.text)\r\n"
        if random.chance(50) { text += "Sec-WebSocket-Protocol: tidegate.v1\r\n" }
        if traits.compresses {
            let offer = PerMessageDeflate.offerValue(preferences: traits.preferences)
            text += "Sec-WebSocket-Extensions: \(offer.text)\r\n"
        }
        reader.change(rate: rate)
        opening =
            subscribes
            ? Command(
                kind: .subscribe(mask, resumption), id: nil, rate: .none, asked: world.truth.sequence) : nil
        let made = world.connect(name, &random)
        made.send(text + "\r\n")
        socket = made
        world.note("\(name) connects to loop \(made.link.loop): \(query.joined(separator: "&"))")
    }

    // MARK: Receiving

    func receive(in world: World) throws {
        guard let socket else { return }
        try named {
            if phase == .opening {
                guard try open(socket, in: world) else { return }
            }
            try readFrames(socket, in: world)
        }
    }

    private func open(_ socket: ClientSocket, in world: World) throws -> Bool {
        guard let head = try head.next(socket) else { return false }
        guard head.status == 101 else {
            // It is read over; the connection ends.
            if head.status == 503 || head.status == 408, isExcused(socket, in: world) {
                closedAt = world.time.now
                socket.consume(socket.incoming.count)
                phase = .closing
                socket.close()
                return false
            }
            throw SimulationFailure("the handshake was answered \(head.status)")
        }
        let extensions = head.fields(named: "Sec-WebSocket-Extensions")
        if !extensions.isEmpty {
            guard traits.compresses,
                let agreed = PerMessageDeflate.agreement(from: extensions, to: traits.preferences)
            else { throw SimulationFailure("the handshake agreed to what was not offered") }
            agreement = agreed
        }
        messages = MessageReader(
            role: .client, limits: MessageLimits(messageByteCount: 4 << 20, frameCount: 1000),
            compression: agreement)
        phase = .open
        return true
    }

    private func readFrames(_ socket: ClientSocket, in world: World) throws {
        while socket.incoming.count > 0 {
            let space = UnsafeMutableBufferPointer(mutating: socket.incoming.unsafeBytes)
            let step = try messages.next(space)
            if step.isWaiting { return }
            var message: [UInt8]?
            switch step.event {
            case .message(.text, let range): message = Array(space[range])
            case .assembledMessage(.text): message = messages.message.array
            case .message, .assembledMessage: throw SimulationFailure("was sent a binary message")
            case .ping(let range):
                lastPing = world.time.now
                let payload = Array(space[range])
                if !isMute, phase == .open {
                    // Until its pong has arrived it may be sent nothing (docs/websocket.md).
                    reader.excuse()
                    sendFrame(.pong, payload, socket)
                }
            case .pong, nil: break
            case .close(let code, _): closed(code, socket, in: world)
            }
            socket.consume(step.consumed)
            if let message { try receive(message, socket, in: world) }
        }
    }

    private func closed(_ code: UInt16?, _ socket: ClientSocket, in world: World) {
        world.note("\(name) is closed with \(code ?? 0)")
        closeCode = code
        if phase == .open { sendClose(code.map(CloseCode.init(rawValue:)), socket) }
        phase = .closing
        closedAt = closedAt ?? world.time.now
    }

    private func receive(_ text: [UInt8], _ socket: ClientSocket, in world: World) throws {
        let members = try JSONMembers(text)
        lastMessage = world.time.now
        answerPatience.reset()
        guard isWelcomed else {
            guard members.string("type") == "welcome" else {
                throw SimulationFailure("was not welcomed: \(text.text)")
            }
            isWelcomed = true
            if let opening { commands.insert(opening, at: 0) }
            return
        }
        try receive(members, socket, in: world)
    }

    // MARK: Ends

    private func close(_ socket: ClientSocket, code: CloseCode, _ world: World) {
        world.note("\(name) sends a close")
        sendClose(code, socket)
        phase = .closing
        closedAt = world.time.now
    }

    func lost(_ socket: ClientSocket, in world: World) throws {
        if isDiligent, !isMute, phase == .open {
            try named { try reader.checkFarewell(socket, in: world) }
        }
        let wasClosing = phase == .closing
        let code = closeCode
        closeCode = nil
        world.undecided += commands.compactMap {
            if case .publish(let numbers, _) = $0.kind { numbers } else { nil }
        }
        commands = []
        pause = world.time.now + .milliseconds(random.below(400))
        if isExcused(socket, in: world) { return }
        if isMute, code == 1011 { return }
        guard wasClosing else { throw fault("lost its connection without a close") }
        if let code, code != 1000 { throw fault("was closed with \(code)") }
    }

    func restart(in world: World) {
        commands = []
        reader = StreamReader()
    }

    // MARK: Time

    func check(in world: World) throws {
        guard let socket, !socket.link.isReset, !socket.link.isGatewayClosed else { return }
        try named {
            try checkTimes(socket, in: world)
            guard isDiligent, phase != .closing, !isMute, !socket.hasOutgoing else { return }
            if phase == .open { try reader.checkProgress(socket, in: world) }
            let waits = phase == .opening || !isWelcomed || !commands.isEmpty
            if !waits || socket.unreadCount > 0 {
                answerPatience.reset()
            } else if answerPatience.isOver(socket, in: world) {
                throw SimulationFailure("has waited too long for an answer")
            }
        }
    }

    private func checkTimes(_ socket: ClientSocket, in world: World) throws {
        let (now, settings) = (world.time.now, world.configuration.subscribers)
        let link = socket.link
        if let closedAt,
            now.since(max(closedAt, link.lastWritten)) > settings.closeTimeout + world.slack + world.slack,
            isDiligent,
            socket.unreadCount == 0, !socket.hasOutgoing
        {
            throw SimulationFailure("still has its connection after a close")
        }
        guard !world.gateway.isDraining, phase == .open, isDiligent, socket.unreadCount == 0,
            link.unreadCount == 0, !socket.hasOutgoing
        else { return }
        if now.since(max(link.lastRead, openedAt)) > settings.pingInterval + world.slack,
            lastPing < link.lastRead
        {
            throw SimulationFailure("was not pinged after \(now.since(link.lastRead)) of silence")
        }
        if isMute,
            now.since(link.lastRead)
                > settings.pingInterval + settings.sendTimeout + settings.pongTimeout + world.slack
        {
            throw SimulationFailure("answers no ping and lives on")
        }
        let seen = max(lastMessage, link.lastRead)
        if heartbeat > 0, now.since(seen) > .seconds(heartbeat) + world.slack {
            throw SimulationFailure("has seen no heartbeat for \(now.since(seen))")
        }
    }

    func checkQuiet(in world: World) throws {
        guard let socket, isDiligent, phase == .open, !isMute, !socket.link.isReset else { return }
        if let command = commands.first { throw fault("all is quiet, and \(command.kind) is not answered") }
        try named {
            try reader.checkQuiet(world)
        }
    }
}

/// What kind of WebSocket client it is.
struct WebSocketTraits {
    var compresses = false
    var preferences = PerMessageDeflate.Preferences()
    /// Subscribes once to these patterns and stays.
    var isSteady = false
    var mask: UInt64 = 0
}
