/// Reads Server-Sent Events, as a browser's `EventSource` does, and comes back with its last ID or any other.
import Gateway
import HTTP
import Primitives

final class EventStreamClient: Client {
    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    /// Subscribes once to these patterns and stays; nil: to whatever it likes.
    private let steadyMask: UInt64?
    private(set) var reader = StreamReader()
    private var head = AnswerReader.HeadReader()
    private var decoder = BodyDecoder(.none, byteCountLimit: nil)
    private var events = EventStreamParser()
    private var blocks = BlockWatch()
    private var isOpen = false
    private var isChunked = false
    private var isTold = false
    private var isOver = false
    private var mask: UInt64 = 0
    private var resumption = Resumption.none
    private var asked: UInt64 = 0
    private var heartbeat = 0
    private var lastEvent = Instant(nanoseconds: 0)
    private var pause = Instant(nanoseconds: 0)
    private var lastID: [UInt8] = []

    init(_ number: Int, diligence: Int, steadyMask: UInt64? = nil, _ random: SeededGenerator) {
        name = "stream \(number)"
        self.diligence = diligence
        self.steadyMask = steadyMask
        self.random = random
    }

    // MARK: Connecting

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause { connect(in: world) }
            return
        }
        if isOver {
            self.socket = nil
            socket.close()
            return try lost(socket, in: world)
        }
        guard steadyMask == nil else { return }
        if random.chance(oneIn: 110) {
            leave(in: world)
        } else if random.chance(oneIn: 200) {
            socket.endSending()
        } else if random.chance(oneIn: 100) {
            // What a reader sends is read over.
            socket.send("whatever")
        }
    }

    private func connect(in world: World) {
        head = AnswerReader.HeadReader()
        events = EventStreamParser()
        blocks = BlockWatch()
        reader.reconnect()
        (isOpen, isTold, isOver) = (false, false, false)
        lastID = []
        (mask, resumption) = world.pickSubscription(&random)
        if let steadyMask { (mask, resumption) = (steadyMask, .none) }
        asked = world.truth.sequence
        lastEvent = world.time.now
        var request = SubscriptionWriter("/sse", mask)
        request.add(field: "Accept: text/event-stream")
        let rate: Double? = random.chance(steadyMask == nil ? 25 : 0) ? world.pickRate(&random) : nil
        if let rate { request.add("maxRate", "\(rate)") }
        heartbeat = random.chance(20) ? 1 + random.below(2) : 0
        if heartbeat > 0 { request.add("heartbeat", "\(heartbeat)") }
        if let last = resumption.last { request.add("last", "\(last)") }
        if let text = resumption.text {
            switch random.below(3) {
            case 0: request.add("cursor", text, isText: true)
            case 1: request.add("lastEventId", text, isText: true)
            default: request.add(field: "Last-Event-ID: \(text)")
            }
        }
        let version = random.chance(85) ? "1.1" : "1.0"
        reader.change(rate: rate)
        reader.lives = [
            StreamReader.PendingLive(id: nil, asked: asked, isResumed: false)
        ]
        let made = world.connect(name, &random)
        made.send(request.write(version: version, &random))
        socket = made
        world.note(
            "\(name) connects to loop \(made.link.loop): \(request.method) \(request.query) \(resumption.text ?? "")"
        )
    }

    // MARK: Receiving

    func receive(in world: World) throws {
        guard let socket else { return }
        if isOver { return socket.consume(socket.incoming.count) }
        try named {
            if !isOpen {
                guard let head = try head.next(socket) else { return }
                guard head.status == 200 else {
                    // Any status but 200 ends an `EventSource` for good: only one that was never let in gets 503.
                    if head.status == 503 && socket.link.isUnlucky
                        || head.status == 408 && isExcused(socket, in: world)
                    {
                        isOver = true
                        return
                    }
                    throw SimulationFailure("the stream was answered \(head.status)")
                }
                guard head.field("Content-Type")?.starts(with: "text/event-stream".utf8) ?? false else {
                    throw SimulationFailure("the stream is none")
                }
                decoder = BodyDecoder(head.bodyFraming, byteCountLimit: nil)
                isChunked = head.bodyFraming == .chunked
                isOpen = true
            }
            try readBody(socket, in: world)
        }
    }

    private func readBody(_ socket: ClientSocket, in world: World) throws {
        while !decoder.isEnded, socket.incoming.count > 0 {
            let step = try socket.parse { bytes in
                // Without chunks a line at a time, so that each event is known by where it ends.
                let lineEnd = isChunked ? nil : bytes.indices.first { bytes[$0] == ASCII.lineFeed }
                let step = try decoder.next(bytes.extracting(first: (lineEnd ?? bytes.count - 1) + 1))
                if !step.content.isEmpty { try take(bytes.extracting(step.content)) }
                return step
            }
            socket.consume(step.consumed)
            while let event = try events.next() {
                lastEvent = world.time.now
                try receive(event, socket, in: world)
            }
            if events.lastEventID != lastID {
                lastID = events.lastEventID
                try reader.take(cursor: lastID.text, in: world)
            }
            if step.consumed == 0 { return }
        }
        // The stream has ended. The connection may stay, for another request.
        isOver = isOver || decoder.isEnded
    }

    private func take(_ content: Span<UInt8>) throws {
        try blocks.take(content)
        events.append(content)
    }

    /// The stream says at its beginning whether the cursor was honoured: by a reset or by none.
    private func learn(isHonoured: Bool, in world: World) throws {
        guard !isTold else { return }
        isTold = true
        let start = try resumption.check(isHonoured: isHonoured, in: world)
        reader.holding.cover(
            mask, after: start, last: resumption.last(after: start), asked: asked, world.truth)
    }

    private func receive(
        _ event: EventStreamParser.Event, _ socket: ClientSocket, in world: World
    ) throws {
        if event.type == "reset" {
            guard !isTold, resumption.text != nil else { throw SimulationFailure("was reset out of turn") }
            return try learn(isHonoured: false, in: world)
        }
        // One that comes while the gateway drains is told no more than that.
        if event.type != "goodbye" { try learn(isHonoured: resumption.text != nil, in: world) }
        switch event.type {
        case "message":
            let line = event.data
            try reader.receive(line.span, socket, in: world)
        case "gap": try reader.receive(gap: try JSONMembers(event.data), in: world)
        case "live":
            let live = try reader.becomeLive(cursor: event.lastEventID.text, world.truth)
            if try world.place(ofWhole: event.lastEventID.text).sequence < live.asked {
                throw SimulationFailure("was told to be live too early")
            }
            let isResumed = event.data.elementsEqual("{\"resumed\":true}".utf8)
            if isResumed != (resumption.text != nil && !wasReset) {
                throw SimulationFailure("was told \(event.data.text) against the truth")
            }
        case "heartbeat":
            if heartbeat == 0 { throw SimulationFailure("was sent a heartbeat that it did not ask for") }
        case "goodbye":
            let members = try JSONMembers(event.data)
            let delay = members.number("reconnectAfter")
            guard let delay, delay >= 1000, event.retryMilliseconds == Int(delay) else {
                throw SimulationFailure("was told goodbye without a delay")
            }
            if members.string("reason") != "overloaded" || !socket.link.isUnlucky {
                try world.checkFarewell(reconnectAfter: delay)
            }
            reader.wasToldGoodbye = true
        default: throw SimulationFailure("was sent an event \(event.type)")
        }
        // An ID stands on the last event of a batch.
        if !event.lastEventID.isEmpty, event.lastEventID != lastID {
            lastID = event.lastEventID
            try reader.take(cursor: lastID.text, in: world)
        }
    }

    private var wasReset: Bool { !reader.holding.isResumed }

    // MARK: Ends

    func lost(_ socket: ClientSocket, in world: World) throws {
        pause = world.time.now + .milliseconds(random.below(400))
        if isDiligent, isOpen { try named { try reader.checkFarewell(socket, in: world) } }
        if isExcused(socket, in: world) { return }
        throw fault("lost its stream")
    }

    func restart(in world: World) {
        reader = StreamReader()
    }

    func check(in world: World) throws {
        guard let socket, isDiligent, !isOver, !socket.hasOutgoing, !socket.link.isGatewayClosed,
            !socket.link.isReset
        else { return }
        try named {
            try reader.checkProgress(socket, in: world)
        }
        guard isOpen, socket.unreadCount == 0 else { return }
        let silence = world.time.now.since(socket.link.lastWritten)
        let limit: Duration =
            heartbeat > 0 ? .seconds(heartbeat) : world.configuration.subscribers.eventStreamHeartbeat
        if silence > limit + world.slack { throw fault("has heard nothing for \(silence)") }
    }

    func checkQuiet(in world: World) throws {
        guard let socket, isDiligent, !isOver, !socket.link.isReset else { return }
        guard isOpen else { throw fault("all is quiet, and its stream has not begun") }
        try named {
            try reader.checkQuiet(world)
        }
    }
}

/// Sees to it that no block is without data, of which clients that are not strict would make an event.
private struct BlockWatch {
    /// As much of the line at hand as tells what it is.
    private var line: [UInt8] = []
    private var hasData = false

    mutating func take(_ content: Span<UInt8>) throws {
        for index in content.indices {
            if content[index] != ASCII.lineFeed {
                if line.count < 5 { line.append(content[index]) }
            } else if line.isEmpty {
                guard hasData else { throw SimulationFailure("was sent a block without data") }
                hasData = false
            } else {
                hasData = hasData || line.elementsEqual("data:".utf8)
                line = []
            }
        }
    }
}
