/// Publishes and asks over HTTP, several requests in a row, and wants each answered once, in order, with what fits it.
import Broker
import Gateway
import HTTP
import Primitives

final class RequestClient: Client {
    struct Question {
        enum Kind {
            case put(number: Int, topic: Int)
            case delete(topic: Int)
            /// A JSON body: taken whole or not at all.
            case post(numbers: [Int], ends: Int)
            case lines(numbers: [Int], ends: Int)
            case show(topic: Int)
            case list(pattern: Int?, limit: Int)
            case log(topic: Int, place: LogPlace, limit: Int)
            case plain(String)
            /// What is refused with this status.
            case wrong(status: Int, code: String)
        }

        let kind: Kind
        let method: Method
        /// Where the truth stood when it was asked, and where in what was sent it ends.
        let asked: UInt64
        let end: Int
    }

    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    private var reader = AnswerReader()
    private(set) var questions: [Question] = []
    private var patience = Patience()
    /// When it asks again.
    private var pause = Instant(nanoseconds: 0)
    private var isClosing = false

    init(_ number: Int, diligence: Int, _ random: SeededGenerator) {
        name = "publisher \(number)"
        self.diligence = diligence
        self.random = random
    }

    // MARK: Asking

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause { connect(in: world) }
            return
        }
        if random.chance(oneIn: 80) {
            abandon(in: world)
            leave(in: world)
        } else if !isClosing, questions.count < 4, world.time.now >= pause {
            if random.chance(4) { pause = world.time.now + .milliseconds(random.below(5000)) }
            ask(socket, in: world)
            if random.chance(oneIn: 60) {
                // It may close its sending side only behind a whole request.
                socket.endSending()
                isClosing = true
            }
        }
    }

    private func connect(in world: World) {
        reader = AnswerReader()
        questions = []
        isClosing = false
        patience.reset()
        socket = world.connect(name, &random)
    }

    private func ask(_ socket: ClientSocket, in world: World) {
        var writer = RequestWriter(random: random.branch())
        let kind = writer.write(in: world)
        let method = writer.method
        socket.send(writer.bytes)
        questions.append(
            Question(
                kind: kind, method: Method(Array(method.utf8).span), asked: world.truth.sequence,
                end: socket.sentCount))
        world.note("\(name) asks \(method) \(writer.target)")
    }

    // MARK: Answers

    func receive(in world: World) throws {
        guard let socket else { return }
        try named {
            while socket.incoming.count > 0 {
                let method = questions.first?.method ?? .get
                guard let answer = try reader.next(socket, answering: method) else { return }
                guard !questions.isEmpty else {
                    if socket.link.isUnlucky || answer.status == 408 { return }
                    throw answer.fault("nothing")
                }
                let question = questions.removeFirst()
                patience.reset()
                try check(answer, to: question, in: world)
                if answer.isLast {
                    if !isClosing, !mayBeLast(question, in: world) {
                        throw answer.fault("\(question.kind), with which the connection should not end,")
                    }
                    abandon(in: world)
                    isClosing = true
                    return
                }
            }
        }
    }

    private func mayBeLast(_ question: Question, in world: World) -> Bool {
        if case .wrong = question.kind { return true }
        return world.gateway.isDraining || socket?.link.isUnlucky ?? true
    }

    private func check(_ answer: Answer, to question: Question, in world: World) throws {
        let truth = world.truth
        if answer.status == 503, world.gateway.isDraining || socket?.link.isUnlucky ?? true { return }
        // While a gateway drains time goes by so fast that a request may not come in time.
        if answer.status == 408, world.gateway.isDraining { return }
        switch question.kind {
        case .put(let number, let topic):
            guard answer.status == 200 else { throw answer.fault("a PUT") }
            let publication = truth.publications[number]
            guard publication.index >= 0 else { throw answer.fault("a PUT that was not accepted") }
            let update = truth.topics[topic].updates[publication.index]
            try check(answer, tells: topic, update.version)
        case .delete(let topic):
            guard answer.status == 200 else {
                if answer.status == 404, !truth.topics[topic].isAlive(since: question.asked) { return }
                throw answer.fault("a DELETE of \(Universe.standard.names[topic].text)")
            }
            let members = try JSONMembers(answer.body)
            let version = members.number("version")
            guard members.raw("deleted") == "true",
                truth.topics[topic].updates.contains(where: { $0.isTombstone && $0.version == version })
            else { throw answer.fault("a DELETE") }
            try check(answer, tells: topic, version ?? 0)
        case .post(let numbers, let ends), .lines(let numbers, let ends):
            let accepted = try JSONMembers(answer.body).number("accepted")
            guard answer.status == 200, accepted == UInt64(numbers.count + ends) else {
                throw answer.fault("\(numbers.count) updates and \(ends) ends")
            }
            for number in numbers where truth.publications[number].index < 0 {
                throw fault("was told that \(number) was accepted, and it was not")
            }
        case .show(let topic): try check(answer, shows: topic, question, truth)
        case .list(let pattern, let limit): try check(answer, lists: pattern, limit, question, truth)
        case .log(let topic, let place, let limit):
            try check(answer, reads: topic, place, limit, question, truth)
        case .plain(let text):
            guard answer.status == 200, answer.body.elementsEqual(text.utf8) else {
                throw answer.fault("what is to be answered \(text)")
            }
        case .wrong(let status, let code):
            guard answer.status == status else {
                throw answer.fault("a request to be refused with \(status)")
            }
            if !code.isEmpty, try JSONMembers(answer.body).string("code") != code {
                throw answer.fault("a request to be refused as \(code)")
            }
        }
    }

    private func check(_ answer: Answer, tells topic: Int, _ version: UInt64) throws {
        let members = try JSONMembers(answer.body)
        guard members.bytes("topic") == Universe.standard.names[topic].json,
            members.number("version") == version
        else { throw answer.fault("version \(version) of \(Universe.standard.names[topic].text)") }
    }

    private func check(
        _ answer: Answer, shows topic: Int, _ question: Question, _ truth: Truth
    ) throws {
        let text = Universe.standard.names[topic].text
        guard answer.status == 200 else {
            if answer.status == 404, !truth.topics[topic].isAlive(since: question.asked) { return }
            throw answer.fault("a GET of \(text)")
        }
        if question.method == .head { return }
        guard let found = truth.find(Array(answer.body.dropLast()).span), found.topic == topic,
            found.index >= truth.topics[topic].count(upTo: question.asked) - 1
        else { throw answer.fault("a GET of \(text) after \(question.asked)") }
    }

    /// The update as it is elsewhere: a listing says how old it is, and whether it is stale.
    private func update(listed line: [UInt8]) -> [UInt8] {
        let text = String(decoding: line, as: UTF8.self)
        guard let end = text.ranges(of: ",\"age\":").last else { return line }
        return Array(text[..<end.lowerBound].utf8) + [ASCII.closeBrace]
    }

    private func check(
        _ answer: Answer, lists pattern: Int?, _ limit: Int, _ question: Question, _ truth: Truth
    ) throws {
        guard answer.status == 200 else { throw answer.fault("a listing") }
        let members = try JSONMembers(answer.body)
        var last: [UInt8] = []
        var listed = Set<Int>()
        for range in try members.elements("updates") {
            guard let found = truth.find(update(listed: Array(answer.body[range])).span) else {
                throw answer.fault("a listing")
            }
            let topic = truth.topics[found.topic]
            let name = Array(Universe.standard.names[found.topic].text.utf8)
            guard pattern.map({ topic.mask & (1 << UInt64($0)) != 0 }) ?? true,
                !topic.updates[found.index].isTombstone, last.lexicographicallyPrecedes(name),
                found.index >= topic.count(upTo: question.asked) - 1
            else {
                throw answer.fault("a listing of \(pattern.map { Universe.standard.patterns[$0] } ?? "all")")
            }
            last = name
            listed.insert(found.topic)
        }
        if listed.count > limit { throw answer.fault("a listing of \(limit)") }
        guard members["next"] == nil else { return }
        for (number, topic) in truth.topics.enumerated()
        where pattern.map({ topic.mask & (1 << UInt64($0)) != 0 }) ?? true && !listed.contains(number) {
            if topic.isAlive(since: question.asked) {
                throw answer.fault("a listing without \(Universe.standard.names[number].text)")
            }
        }
    }

    // MARK: Ends

    func lost(_ socket: ClientSocket, in world: World) throws {
        let isIdle = questions.isEmpty
        abandon(in: world)
        pause = world.time.now + .milliseconds(random.below(300))
        if isClosing || isExcused(socket, in: world) { return }
        // The gateway counts from the beginning of the turn.
        let quiet =
            world.time.now.since(max(socket.link.lastRead, socket.link.lastWritten)) + .milliseconds(50)
        // A request may cross the end of a connection that was idle for too long.
        if quiet >= world.configuration.http.idleTimeout { return }
        throw fault(isIdle ? "was closed after \(quiet) of silence" : "was closed with a request unanswered")
    }

    /// What was not answered was accepted whole or not at all; that is checked when all is quiet.
    private func abandon(in world: World) {
        for question in questions {
            if case .post(let numbers, _) = question.kind { world.undecided.append(numbers) }
        }
        questions = []
    }

    func restart(in world: World) {
        questions = []
    }

    func check(in world: World) throws {
        guard let socket, isDiligent, !socket.link.isReset else { return }
        guard let first = questions.first else {
            try checkIdle(socket, in: world)
            return
        }
        guard socket.deliveredCount >= first.end, socket.unreadCount == 0 else { return patience.reset() }
        if patience.isOver(socket, in: world) { throw fault("has waited too long for \(first.kind)") }
    }

    /// Nobody stays who asks nothing.
    private func checkIdle(_ socket: ClientSocket, in world: World) throws {
        guard !socket.hasOutgoing, let accepted = socket.link.acceptedAt, !socket.link.isGatewayClosed else {
            return
        }
        let heard = max(accepted, max(socket.link.lastRead, socket.link.lastWritten))
        let limit = world.configuration.http.idleTimeout + world.slack
        if world.time.now.since(heard) > limit, socket.unreadCount == 0 {
            throw fault("still has its connection after \(world.time.now.since(heard)) of silence")
        }
    }

    func checkQuiet(in world: World) throws {
        if isDiligent, let first = questions.first {
            throw fault("all is quiet, and \(first.kind) is not answered")
        }
    }
}
