/// One who speaks to the gateway by the book, or against it, through all its connections.
import Primitives

protocol Client: AnyObject {
    var name: String { get }
    var socket: ClientSocket? { get set }
    var random: SeededGenerator { get set }
    /// How many of a hundred chances to read it takes.
    var diligence: Int { get }

    /// Does something of its own accord.
    func act(in world: World) throws
    /// Understands what it has read.
    func receive(in world: World) throws
    /// The connection has ended; `socket` is the one that was.
    func lost(_ socket: ClientSocket, in world: World) throws
    /// Publishing has stopped and everybody reads: does what is left to do, and says whether there was anything.
    func calm(in world: World) throws -> Bool
    /// Complains of what should have happened by now.
    func check(in world: World) throws
    /// All is quiet.
    func checkQuiet(in world: World) throws
    /// The gateway it spoke to is gone, and another has come.
    func restart(in world: World)
}

extension Client {
    /// Reads as soon as it can, so that nothing excuses the gateway.
    var isDiligent: Bool { diligence >= 50 }

    func calm(in world: World) throws -> Bool { false }
    func check(in world: World) throws {}
    func checkQuiet(in world: World) throws {}
    func restart(in world: World) {}

    /// Names the client in whatever `body` complains of.
    func named<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as SimulationFailure {
            throw fault(failure.description)
        } catch {
            let bytes = socket.map { $0.incoming.array.prefix(200).text } ?? ""
            throw fault("was sent what can't be read: \(error), in \(bytes)")
        }
    }

    func fault(_ text: String) -> SimulationFailure { SimulationFailure("\(name): \(text)") }

    /// Moves bytes, or acts.
    func step(in world: World) throws {
        if let socket {
            if socket.hasOutgoing, random.chance(45) {
                socket.deliver(random.chance(60) ? .max : 1 + random.below(random.chance(50) ? 12 : 400))
                return
            }
            if socket.unreadCount > 0, random.chance(diligence) {
                socket.read(random.chance(70) ? .max : 1 + random.below(random.chance(50) ? 9 : 700))
                try receive(in: world)
                return
            }
            if socket.isEnded {
                try end(socket, in: world)
                return
            }
        }
        try act(in: world)
        try check(in: world)
    }

    private func end(_ socket: ClientSocket, in world: World) throws {
        guard self.socket === socket else { return }
        world.note("\(name) sees its connection end\(socket.link.isReset ? " broken" : "")")
        self.socket = nil
        try lost(socket, in: world)
    }

    /// All that can be moved is moved; returns whether anything was.
    func drainNetwork(in world: World) throws -> Bool {
        guard let socket else { return false }
        var didSomething = false
        if socket.hasOutgoing, socket.link.inboundRoom > 0 {
            socket.deliver(.max)
            didSomething = true
        }
        if socket.unreadCount > 0, diligence > 0 {
            socket.read(.max)
            try receive(in: world)
            didSomething = true
        } else if socket.isEnded, diligence > 0 {
            try end(socket, in: world)
            didSomething = true
        }
        return didSomething
    }

    /// Goes away, politely or not.
    func leave(in world: World) {
        guard let socket else { return }
        self.socket = nil
        let isBroken = random.chance(50)
        world.note("\(name) \(isBroken ? "breaks off" : "closes")")
        // The cut may fall behind any byte.
        if random.chance(50) { socket.deliver(1 + random.below(200)) }
        if isBroken { socket.breakOff() } else { socket.close() }
    }

    /// Whether the connection may have ended for a reason that is not the client's.
    func isExcused(_ socket: ClientSocket, in world: World) -> Bool {
        socket.link.isUnlucky || world.gateway.isDraining || !isDiligent
    }
}

/// How long something has been waited for while nothing stood in the gateway's way.
struct Patience {
    private var since: Instant?
    private var turns = 0

    mutating func reset() { since = nil }

    /// Whether the gateway has had its chances: turns and time, or very much time.
    mutating func isOver(_ socket: ClientSocket, in world: World, beyond allowance: Int = 0) -> Bool {
        let turnCount = world.gateway.loops[socket.link.loop].turnCount
        guard let since, since >= socket.link.lastTaken, since >= world.exhaustedUntil else {
            self.since = world.time.now
            turns = turnCount
            return false
        }
        let waited = Int(world.time.now.since(since).nanoseconds / 1_000_000) - allowance
        let slowness = world.climate.slowness
        return waited > 150 * slowness && turnCount - turns > 20 * slowness
            || waited > 25 * slowness && turnCount - turns > 80 * slowness || waited > 1500 * slowness
    }
}
