/// Polls, one request after another or several at once, with the cursor or the tag of the last answer or of any other.
import Gateway
import HTTP
import Primitives

final class PollClient: Client {
    struct Poll {
        let mask: UInt64
        let resumption: Resumption
        /// Where it goes on from when it is honoured.
        let isByTag: Bool
        let wait: Int
        let method: Method
        let asked: UInt64
        let askedAt: Instant
        let end: Int

        /// With a tag that is no cursor it is answered after a second.
        var isPausing: Bool { isByTag && resumption.text == nil && wait > 0 && method != .head }
    }

    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence: Int
    private var reader = AnswerReader()
    private var holding = Holding()
    private var polls: [Poll] = []
    private var last: Holding.HandedCursor?
    private var patience = Patience()
    private var pause = Instant(nanoseconds: 0)
    private var isClosing = false
    /// Since when the answer that is due first has arrived at the gateway.
    private var arrived: Instant?
    /// Where the truth stood when a question brought nothing new.
    private var doneAt: UInt64?

    init(_ number: Int, diligence: Int, _ random: SeededGenerator) {
        name = "poller \(number)"
        self.diligence = diligence
        self.random = random
    }

    func act(in world: World) throws {
        guard let socket else {
            if world.time.now >= pause { connect(in: world) }
            return
        }
        if random.chance(oneIn: 90) {
            leave(in: world)
            polls = []
        } else if !isClosing, polls.count < (random.chance(10) ? 3 : 1) {
            poll(socket, in: world)
            if random.chance(oneIn: 40) {
                socket.endSending()
                isClosing = true
            }
        }
    }

    private func connect(in world: World) {
        reader = AnswerReader()
        polls = []
        isClosing = false
        arrived = nil
        socket = world.connect(name, &random)
    }

    private func poll(_ socket: ClientSocket, in world: World) {
        var (mask, resumption) = world.pickSubscription(&random)
        // Most polls go on where the last one ended.
        if let last, random.chance(80) || world.isQuiet {
            (mask, resumption) = (last.mask, Resumption(last, &random, in: world))
        }
        resumption.last = world.pickLast(mask)
        let isByTag = resumption.text != nil && random.chance(30)
        let wait = world.isQuiet ? 0 : random.below(4)
        var request = SubscriptionWriter("/poll", mask)
        if let text = resumption.text {
            if isByTag {
                request.add(field: "If-None-Match: \(tagged(text))")
            } else {
                request.add("cursor", text, isText: true)
            }
        }
        // To a tag that is no cursor the gateway has nothing to say.
        if isByTag, !resumption.isCursor {
            let last = resumption.last
            resumption = .none
            resumption.last = last
        }
        if let last = resumption.last { request.add("last", "\(last)") }
        if random.chance(80) {
            request.add("wait", "\(wait)")
        } else {
            request.add(field: "Prefer: wait=\(wait)")
        }
        socket.send(request.write(usual: random.chance(95) ? "GET" : "HEAD", &random))
        polls.append(
            Poll(
                mask: mask, resumption: resumption, isByTag: isByTag, wait: wait,
                method: Method(Array(request.method.utf8).span), asked: world.truth.sequence,
                askedAt: world.time.now, end: socket.sentCount))
        world.note("\(name) polls \(request.query) \(isByTag ? "by tag " : "")\(resumption.text ?? "")")
    }

    /// The tag as it comes back through proxies and caches.
    private func tagged(_ cursor: String) -> String {
        let marked = cursor + random.pick(["", "", "-gzip", ";gzip", "--br"])
        let tag = (random.chance(50) ? "" : "W/") + "\"\(marked)\""
        return random.chance(70) ? tag : random.pick(["\"other\", \(tag)", "W/\"x\",\(tag) , \"y-gzip\""])
    }

    // MARK: Answers

    func receive(in world: World) throws {
        guard let socket else { return }
        try named {
            while socket.incoming.count > 0 {
                guard let answer = try reader.next(socket, answering: polls.first?.method ?? .get) else {
                    return
                }
                if answer.status == 503, socket.link.isUnlucky {
                    if socket.link.isTurnedAway || answer.isLast || polls.isEmpty { return }
                    // Refused for want of memory: it asks again.
                    polls.removeFirst()
                    patience.reset()
                    arrived = nil
                    continue
                }
                // Who takes so long over a request is told so.
                if answer.status == 408, isExcused(socket, in: world) {
                    polls = []
                    isClosing = true
                    return
                }
                guard !polls.isEmpty else { throw answer.fault("no poll") }
                let poll = polls.removeFirst()
                patience.reset()
                arrived = nil
                try check(answer, to: poll, socket, in: world)
                if answer.isLast {
                    let isAllowed = isClosing || world.gateway.isDraining
                    if !isAllowed { throw answer.fault("a poll, and the connection ended,") }
                    isClosing = true
                    polls = []
                    return
                }
            }
        }
    }

    private func check(_ answer: Answer, to poll: Poll, _ socket: ClientSocket, in world: World) throws {
        if poll.method == .head || answer.status == 503 && world.gateway.isDraining { return }
        guard let tag = answer.head.field("ETag"), tag.count > 2 else { throw answer.fault("a poll") }
        let cursor = tag.dropFirst().dropLast()
        let text = Array(cursor).text
        holding.reconnect()
        let pause = answer.head.field("Retry-After").flatMap { $0.span.decimal }
        if let pause, pause > 1 { try world.checkFarewell(reconnectAfter: pause * 1000) }
        if answer.status == 304 {
            guard poll.isByTag, answer.body.isEmpty else { throw answer.fault("a poll without a tag") }
            guard let start = try poll.resumption.check(isHonoured: true, in: world) else { return }
            cover(poll, after: start, in: world)
            holding.becomeLive(world.truth)
            try take(text, isCut: false, in: world)
            doneAt = poll.asked
            return try checkWait(poll, socket, in: world)
        }
        guard answer.status == 200 else { throw answer.fault("a poll") }
        let members = try JSONMembers(answer.body)
        guard members.string("cursor") == text else { throw answer.fault("a poll, tagged \(text),") }
        let isReset = members.raw("reset") == "true"
        if isReset, poll.resumption.text == nil { throw answer.fault("a poll without a cursor") }
        let isHonoured = poll.resumption.text != nil && !isReset
        let start = try poll.resumption.check(isHonoured: isHonoured, in: world)
        cover(poll, after: start, in: world)
        holding.becomeLive(world.truth)
        for range in try members.elements("gaps") {
            try receive(gap: try JSONMembers(Array(members.text[range])), in: world)
        }
        let elements = try members.elements("updates")
        for range in elements {
            guard let found = world.truth.find(members.text.span.extracting(range)) else {
                throw answer.fault("a poll, by what nobody published,")
            }
            try holding.receive(found.topic, found.index, world.truth)
        }
        let isCut = answer.body.count + 6000 > world.configuration.subscribers.answerByteCount
        try take(text, isCut: isCut, in: world)
        if elements.isEmpty { doneAt = poll.asked }
        if elements.isEmpty, isHonoured, members["gaps"] == nil { try checkWait(poll, socket, in: world) }
    }

    private func cover(_ poll: Poll, after start: Holding.HandedCursor?, in world: World) {
        holding.cover(
            poll.mask, after: start, last: poll.resumption.last(after: start), asked: poll.asked, world.truth)
    }

    /// With nothing new it is answered when its time is up, neither before nor much later.
    private func checkWait(_ poll: Poll, _ socket: ClientSocket, in world: World) throws {
        guard !world.gateway.isDraining, let offer = socket.offer else { return }
        if offer.time < poll.askedAt + .seconds(poll.wait) {
            throw SimulationFailure(
                "was told of nothing new after \(offer.time.since(poll.askedAt)) of \(poll.wait) s")
        }
    }

    private func receive(gap members: JSONMembers, in world: World) throws {
        guard let name = members.bytes("topic"), let next = members.number("next"),
            let topic = Universe.standard.number(ofQuoted: name.dropFirst().dropLast())
        else { throw SimulationFailure("was told of no gap") }
        try holding.receive(gapOf: topic, next: next, missed: members.number("missed"), world.truth)
    }

    private func take(_ cursor: String, isCut: Bool, in world: World) throws {
        let place = try world.place(of: cursor)
        let handed = try holding.take(
            place, isCut: isCut, generation: world.gateway.generation, world.truth)
        last = handed
        world.keep(handed)
    }

    // MARK: Ends

    func lost(_ socket: ClientSocket, in world: World) throws {
        let isIdle = polls.isEmpty
        polls = []
        pause = world.time.now + .milliseconds(random.below(300))
        if isClosing || isExcused(socket, in: world) { return }
        // The gateway counts from the beginning of the turn.
        let quiet =
            world.time.now.since(max(socket.link.lastRead, socket.link.lastWritten)) + .milliseconds(50)
        // A request may cross the end of a connection that was idle for too long.
        if quiet >= world.configuration.http.idleTimeout { return }
        throw fault("was closed \(isIdle ? "too early" : "with a poll unanswered")")
    }

    func restart(in world: World) {
        polls = []
    }

    func check(in world: World) throws {
        guard let socket, isDiligent, let poll = polls.first, !socket.link.isGatewayClosed,
            !socket.link.isReset, socket.unreadCount == 0, socket.deliveredCount >= poll.end
        else { return patience.reset() }
        let since = arrived ?? world.time.now
        arrived = since
        if poll.isPausing, world.time.now < since + .seconds(1) + world.slack { return patience.reset() }
        if hasNews(poll, world) {
            if patience.isOver(socket, in: world) { throw fault("polls, and is not told what is new") }
        } else {
            patience.reset()
            let limit = Duration.seconds(poll.wait) + world.slack
            if world.time.now.since(max(since, world.exhaustedUntil)) > limit {
                throw fault("has polled for \(world.time.now.since(since)) instead of \(poll.wait) s")
            }
        }
    }

    private func hasNews(_ poll: Poll, _ world: World) -> Bool {
        guard let held = poll.resumption.held, !poll.resumption.isHopeless else { return true }
        return world.truth.topics.contains { topic in
            topic.mask & poll.mask != 0 && topic.updates.last?.sequence ?? 0 > held.place.sequence
        }
    }

    // MARK: Quiet

    func calm(in world: World) throws -> Bool {
        guard isDiligent, let socket, !isClosing, polls.isEmpty, doneAt != world.truth.sequence else {
            return false
        }
        poll(socket, in: world)
        return true
    }

    func checkQuiet(in world: World) throws {
        guard isDiligent, socket != nil, !isClosing else { return }
        if let poll = polls.first, hasNews(poll, world), !poll.isPausing {
            throw fault("all is quiet, and its poll is not answered")
        }
        guard doneAt == world.truth.sequence, polls.isEmpty else { return }
        try named {
            try holding.checkHoldsAll(world.truth, mayBeAhead: world.climate.isMarkedInPortions)
        }
    }
}
