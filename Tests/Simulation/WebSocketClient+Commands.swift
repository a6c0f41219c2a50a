/// What a WebSocket client says, and how it takes the answers.
import Primitives
import WebSocket

extension WebSocketClient {
    // MARK: Saying

    func command(_ socket: ClientSocket, in world: World) {
        let truth = world.truth.sequence
        commandCount += 1
        let id = pickID()
        var members: [String] = []
        var rate: Double?? = .none
        let kind: Command.Kind
        switch random.below(100) {
        case 0..<28:
            let (mask, resumption) = world.pickSubscription(&random)
            members = ["\"type\":\"subscribe\"", topics(mask)]
            if let text = resumption.text { members.append("\"cursor\":\"\(text)\"") }
            if let last = resumption.last { members.append("\"last\":\(last)") }
            if random.chance(20) { rate = .some(world.pickRate(&random)) }
            kind = .subscribe(mask, resumption)
        case 28..<42:
            let mask = world.pickMask(&random)
            members = ["\"type\":\"unsubscribe\"", topics(mask)]
            kind = .unsubscribe(mask)
        case 42..<50:
            rate = .some(random.chance(50) ? nil : world.pickRate(&random))
            members = ["\"type\":\"pace\""]
            kind = .pace
        case 50..<80:
            var writer = RequestWriter(random: random.branch())
            let (texts, numbers, ends) = writer.updates(in: world)
            let list = texts.map { $0.text }.joined(separator: ",")
            members = ["\"type\":\"publish\"", "\"updates\":[\(list)]"]
            kind = .publish(numbers: numbers, count: numbers.count + ends)
        case 80..<92:
            members = ["\"type\":\"ping\""]
            kind = .ping
        default:
            let isUnknown = random.chance(50)
            members = [isUnknown ? "\"type\":\"sing\"" : "\"type\":\"subscribe\",\"topics\":[\"a//b\"]"]
            kind = .wrong(code: isUnknown ? "bad_request" : "invalid_topic")
        }
        if let rate { members.append("\"maxRate\":" + (rate.map { "\($0)" } ?? "null")) }
        if let id { members.append("\"id\":" + id.text) }
        members.shuffle(using: &random)
        commands.append(Command(kind: kind, id: id, rate: rate, asked: truth))
        world.note("\(name) says \(kind) as \(id?.text ?? "nothing")")
        sendMessage(Array("{\(members.joined(separator: ","))}".utf8), socket)
    }

    private func topics(_ mask: UInt64) -> String {
        let names = Universe.standard.texts(mask).map { Universe.quoted($0).text }
        return "\"topics\":[\(names.joined(separator: ","))]"
    }

    private func pickID() -> [UInt8]? {
        switch random.below(4) {
        case 0: nil
        case 1: Array("\(commandCount)".utf8)
        case 2: Array("\"\(name)/\(commandCount)\"".utf8)
        default: Array("[\"\(name)\",\(commandCount)]".utf8)
        }
    }

    private func key() -> MaskKey { MaskKey(bits: UInt32(truncatingIfNeeded: random.next())) }

    /// In one frame or several, with a ping between them now and then; compressed where that was agreed on.
    private func sendMessage(_ text: [UInt8], _ socket: ClientSocket) {
        var bytes = ByteBuffer()
        var payload = text
        var isCompressed = false
        if let agreement, random.chance(50) {
            var packed = ByteBuffer()
            Deflater(windowBits: agreement.clientMaxWindowBits, keepsContext: false, level: 1)
                .compress(text.span, into: &packed)
            (payload, isCompressed) = (packed.array, true)
        }
        var rest = payload[...]
        var opcode = Opcode.text
        while random.chance(25), rest.count > 1 {
            let piece = Array(rest.prefix(random.below(rest.count)))
            bytes.append(
                frame: opcode, payload: piece.span, isCompressed: isCompressed && opcode == .text,
                isFinal: false, key: key())
            rest = rest.dropFirst(piece.count)
            opcode = .continuation
            if random.chance(20) { bytes.append(frame: .ping, payload: [1, 2].span, key: key()) }
        }
        bytes.append(
            frame: opcode, payload: Array(rest).span, isCompressed: isCompressed && opcode == .text,
            key: key())
        socket.send(bytes)
    }

    func sendFrame(_ opcode: Opcode, _ payload: [UInt8], _ socket: ClientSocket) {
        var bytes = ByteBuffer()
        bytes.append(frame: opcode, payload: payload.span, key: key())
        socket.send(bytes)
    }

    func sendClose(_ code: CloseCode?, _ socket: ClientSocket) {
        var bytes = ByteBuffer()
        bytes.append(closeFrame: code, key: key())
        socket.send(bytes)
    }

    // MARK: Hearing

    func receive(_ members: JSONMembers, _ socket: ClientSocket, in world: World) throws {
        let type = members.string("type") ?? ""
        switch type {
        case "updates":
            let elements = try members.elements("updates")
            if elements.isEmpty { throw SimulationFailure("was sent no updates in a message of updates") }
            for range in elements {
                try reader.receive(members.text.span.extracting(range), socket, in: world)
            }
            if let cursor = members.string("cursor") { try reader.take(cursor: cursor, in: world) }
        case "gap": try reader.receive(gap: members, in: world)
        case "live":
            let live = try reader.becomeLive(cursor: members.string("cursor"), world.truth)
            if members.bytes("id") != live.id {
                throw SimulationFailure("was told to be live as \(members.raw("id")) instead of \(live)")
            }
            let cursor = members.string("cursor") ?? ""
            if try world.place(ofWhole: cursor).sequence < live.asked {
                throw SimulationFailure("was told to be live at \(cursor), having asked at \(live.asked)")
            }
            try reader.take(cursor: cursor, in: world)
        case "heartbeat":
            if let cursor = members.string("cursor") { try reader.take(cursor: cursor, in: world) }
        case "goodbye":
            try world.checkFarewell(reconnectAfter: members.number("reconnectAfter"))
            reader.wasToldGoodbye = true
        case "error" where members.string("code") == "overloaded" && socket.link.isUnlucky:
            try refused(members)
        default: try answer(members, type, socket, in: world)
        }
    }

    /// Memory is short: a subscribe does not count, or the connection ends.
    private func refused(_ members: JSONMembers) throws {
        guard let command = commands.first, case .subscribe = command.kind, members.bytes("id") == command.id
        else { return }
        commands.removeFirst()
    }

    private func answer(
        _ members: JSONMembers, _ type: String, _ socket: ClientSocket, in world: World
    ) throws {
        guard !commands.isEmpty else {
            throw SimulationFailure("was answered what it did not ask: \(members.text.text)")
        }
        let command = commands.removeFirst()
        func wrong() -> SimulationFailure {
            SimulationFailure("\(command) was answered \(members.text.text)")
        }
        guard members.bytes("id") == command.id else { throw wrong() }
        switch (command.kind, type) {
        case (.subscribe(let mask, let resumption), "subscribed"):
            guard try names(members) == Universe.standard.texts(mask).map({ Universe.quoted($0) }) else {
                throw wrong()
            }
            try check(rate: command.rate, members, wrong)
            let isHonoured = members.raw("resumed") == "true"
            let start = try resumption.check(isHonoured: isHonoured, in: world)
            reader.holding.cover(
                mask, after: start, last: resumption.last(after: start), asked: command.asked, world.truth)
            reader.holding.forgetTurns()
            reader.lives.append(
                StreamReader.PendingLive(id: command.id, asked: command.asked, isResumed: isHonoured))
        case (.unsubscribe(let mask), "unsubscribed"):
            guard try names(members) == Universe.standard.texts(mask).map({ Universe.quoted($0) }) else {
                throw wrong()
            }
            reader.holding.uncover(mask)
        case (.pace, "paced"): try check(rate: command.rate, members, wrong)
        case (.publish(let numbers, let count), "published"):
            guard members.number("accepted") == UInt64(count) else { throw wrong() }
            for number in numbers where world.truth.publications[number].index < 0 {
                throw SimulationFailure("was told that \(number) was accepted, and it was not")
            }
        case (.ping, "pong"): break
        case (.wrong(let code), "error"):
            guard members.string("code") == code else { throw wrong() }
        default: throw wrong()
        }
    }

    private func names(_ members: JSONMembers) throws -> [[UInt8]] {
        try members.elements("topics").map { Array(members.text[$0]) }
    }

    private func check(
        rate: Double??, _ members: JSONMembers, _ wrong: () -> SimulationFailure
    ) throws {
        if case .some(let wanted) = rate { reader.change(rate: wanted) }
        let told = members.raw("maxRate")
        guard (told == "null" ? nil : Double(told)) == reader.rate else { throw wrong() }
    }
}
