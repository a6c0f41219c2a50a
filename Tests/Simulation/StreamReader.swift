/// What a reader of a stream knows, whatever the stream's frames look like: what it holds, what it is owed, and how old
/// what it is sent is.
import Primitives

struct StreamReader {
    /// A subscription that is not live yet.
    struct PendingLive {
        let id: [UInt8]?
        let asked: UInt64
        let isResumed: Bool
    }

    var holding = Holding()
    var lives: [PendingLive] = []
    /// Updates of a topic a second.
    private(set) var rate: Double?
    var wasToldGoodbye = false
    private(set) var patience = Patience()

    mutating func reconnect() {
        holding.reconnect()
        lives = []
        rate = nil
        wasToldGoodbye = false
        patience.reset()
    }

    /// The gateway waits for something of it.
    mutating func excuse() { patience.reset() }

    mutating func change(rate: Double?) {
        self.rate = rate
        holding.forgetTurns()
    }

    /// Takes the lines of one message or event.
    mutating func receive(_ line: Span<UInt8>, _ socket: ClientSocket, in world: World) throws {
        guard let (topic, index) = world.truth.find(line) else {
            throw SimulationFailure("was sent what nobody published: \(line.text)")
        }
        try holding.receive(topic, index, world.truth)
        patience.reset()
        guard let offer = socket.offer else { throw SimulationFailure("was sent bytes that nobody offered") }
        if let rate, world.truth.topics[topic].keeps == 0,
            world.options.holdsPaceBesideLogs || !holding.coversLogs
        {
            try checkPace(rate, topic, offer, world)
        }
        if lives.isEmpty, rate == nil {
            world.measured(world.truth.topics[topic].updates[index].accepted, offer, loop: socket.link.loop)
        }
    }

    /// Two updates of a topic are the pace's interval apart, by the clock of the turns that sent them.
    private mutating func checkPace(_ rate: Double, _ topic: Int, _ offer: Link.Offer, _ world: World) throws
    {
        guard let last = holding.noteTurn(topic, offer.turnStart) else { return }
        let interval = Duration.nanoseconds(Int64(1e9 / rate))
        let apart = offer.turnStart.since(last)
        if apart + .microseconds(600) < interval {
            throw SimulationFailure(
                "was sent \(Universe.standard.names[topic].text) after \(apart), its pace is \(rate)")
        }
    }

    mutating func receive(gap members: JSONMembers, in world: World) throws {
        guard let name = members.bytes("topic"), let next = members.number("next"),
            let topic = Universe.standard.number(ofQuoted: name.dropFirst().dropLast())
        else { throw SimulationFailure("was told of no gap: \(members.text.text)") }
        patience.reset()
        try holding.receive(gapOf: topic, next: next, missed: members.number("missed"), world.truth)
    }

    mutating func take(cursor text: String, in world: World) throws {
        let handed = try holding.take(
            try world.place(ofWhole: text), generation: world.gateway.generation, world.truth)
        world.keep(handed)
    }

    /// Its oldest subscription is live: all that there was when it asked has been sent.
    mutating func becomeLive(cursor text: String?, _ truth: Truth) throws -> PendingLive {
        guard !lives.isEmpty else { throw SimulationFailure("was told to be live once too often") }
        guard text != nil else { throw SimulationFailure("was told to be live without a cursor") }
        patience.reset()
        let live = lives.removeFirst()
        if lives.isEmpty { holding.becomeLive(truth) }
        return live
    }

    /// Complains when it lacks something and is sent nothing.
    mutating func checkProgress(_ socket: ClientSocket, in world: World) throws {
        let lacks = !lives.isEmpty || holding.lacksSomething(world.truth)
        guard lacks, socket.unreadCount == 0, !socket.link.isGatewayClosed else { return patience.reset() }
        let interval = rate.map { Int(1000 / $0) } ?? 0
        if patience.isOver(socket, in: world, beyond: interval) {
            throw SimulationFailure("has lacked something for too long and has read all it was sent")
        }
    }

    /// Nobody is sent away by a drain without a word, who has room for it.
    func checkFarewell(_ socket: ClientSocket, in world: World) throws {
        guard world.gateway.isDraining, !wasToldGoodbye, !socket.link.isUnlucky, !socket.link.isReset,
            socket.link.traits.outboundLimit >= 16 * 1024
        else { return }
        throw SimulationFailure("was sent away by the drain without a goodbye")
    }

    func checkQuiet(_ world: World) throws {
        if let live = lives.first {
            throw SimulationFailure("all is quiet, and it is not live since \(live.asked)")
        }
        try holding.checkHoldsAll(world.truth, mayBeAhead: world.climate.isMarkedInPortions)
    }
}
