/// A gateway, its kernels and everybody who speaks to it, on one thread, in simulated time. A seed repeats it exactly.
import Broker
import Gateway
import Primitives
import StorageSimulation
import WebSocket

final class World {
    /// So much later than promised something may happen: wheels, pollers and turns all take their time.
    let slack = Duration.milliseconds(400)
    /// Steps from one quiet spell to the next.
    private var quietInterval: Int { climate.isFlooded ? 2400 : 900 }
    /// What feeds publish in a plain world.
    private static let feedLimit = 400

    /// Some intervals of the slowest pace.
    static let quietTime = Duration.seconds(6)

    let options: WorldOptions
    let configuration: GatewayConfiguration
    let climate: Climate
    let time = SimulatedTime()
    var random: SeededGenerator
    var gateway: SimulatedGateway
    var truth = Truth()
    private(set) var clients: [any Client] = []
    var links: [String: Link] = [:]
    private var linkCount = 0
    /// Cursors that were handed out, on all transports, by all generations.
    private var cursors: [Holding.HandedCursor] = []
    /// Publications that must have been accepted together or not at all.
    var undecided: [[Int]] = []
    var step = 0
    private(set) var trace: [String] = []
    var isQuiet = false
    /// Until then the kernel had no descriptor to give.
    private(set) var exhaustedUntil = Instant(nanoseconds: 0)
    var exhaustedSince: Instant?
    /// For `Climate.isMeasured`: what updates' ages were, by loop, in microseconds, and how many.
    var ages: [(sum: Int, count: Int)] = []
    /// Until then the loops may hold hardly anything for their clients; nil while they may.
    private var shortUntil: Instant?
    /// Draws when memory is short, and nothing else.
    private var scarcity: SeededGenerator
    private var reloading: SeededGenerator
    private var feedCount = 0
    /// The disk, where what is accepted is kept; and how often the machine has started.
    let folder: SimulatedFolder
    var boot = 1
    /// By generation: its cursors' epoch, and, of those that are over, up to where they are good.
    var epochs: [Int: String] = [:]
    var survivals: [Int: UInt64] = [:]
    /// Draws when the journal has a turn and when the gateway dies, and nothing else.
    var journaling: SeededGenerator
    /// The feed draws from a generator of its own: what it publishes depends on nobody.
    private var feed: SeededGenerator

    init(seed: UInt64, steps: Int, _ options: WorldOptions) throws {
        self.options = options
        random = SeededGenerator(seed: seed)
        feed = random.branch()
        scarcity = SeededGenerator(seed: seed &+ 0x5CA)
        reloading = SeededGenerator(seed: seed &+ 0x4E1)
        journaling = SeededGenerator(seed: seed &+ 0x109)
        folder = SimulatedFolder(seed: seed)
        var configuration = try Climate.configuration(options, &random)
        climate = Climate(options, seed: seed, steps: steps, &random)
        if climate.hasPrincipals { try configuration.believeTokens() }
        if climate.isFlooded { configuration.subscribers.flushByteCount = 200 }
        self.configuration = configuration
        gateway = try Self.makeGateway(
            generation: 1, configuration, climate, time, folder, boot: boot, &journaling, &random)
        epochs[1] = gateway.epoch
        time.advanceWithEachReading(nanoseconds: climate.lookTime)
        ages = Array(repeating: (0, 0), count: gateway.loops.count)
        populate()
        guard climate.hasPrincipals else { return }
        var generator = SeededGenerator(seed: seed &+ 0xACCE55)
        for number in 0..<2 + generator.below(3) {
            let diligence = generator.pick([25, 60, 95])
            clients.append(PrincipalClient(number, diligence: diligence, generator.branch()))
        }
    }

    private func populate() {
        if options.isPlain { return populatePlain() }
        for number in 0..<2 + random.below(5) {
            let isMute = random.chance(10)
            var traits = WebSocketTraits()
            traits.compresses = random.chance(50)
            traits.preferences.serverNoContextTakeover = random.chance(50)
            clients.append(
                WebSocketClient(
                    number, diligence: isMute ? 95 : pickDiligence(), isMute: isMute, traits,
                    random.branch()))
        }
        for number in 0..<1 + random.below(4) {
            clients.append(EventStreamClient(number, diligence: pickDiligence(), random.branch()))
        }
        if !climate.isMeasured {
            for number in 0..<1 + random.below(4) {
                clients.append(PollClient(number, diligence: pickDiligence(), random.branch()))
            }
            for number in 0..<random.below(4) {
                clients.append(
                    HostileClient(number, diligence: random.pick([0, 40]), random.branch()))
            }
        }
        for number in 0..<1 + random.below(3) {
            clients.append(RequestClient(number, diligence: random.pick([60, 95]), random.branch()))
        }
        if random.chance(60) { clients.append(OperatorClient(0, random.branch())) }
    }

    /// Readers draw from generators of their own, so that others beside them change nothing they do.
    private func populatePlain() {
        for number in 0..<8 {
            let mask = Universe.standard.patterns.indices.reduce(UInt64(0)) { mask, pattern in
                random.chance(25) ? mask | 1 << UInt64(pattern) : mask
            }
            var traits = WebSocketTraits()
            (traits.isSteady, traits.mask) = (true, mask | 2)
            let generator = random.branch()
            if number % 2 == 0 {
                clients.append(
                    WebSocketClient(number, diligence: 95, isMute: false, traits, generator))
            } else {
                clients.append(
                    EventStreamClient(number, diligence: 95, steadyMask: traits.mask, generator))
            }
        }
        guard options.withSleepers else { return }
        for number in 8..<14 {
            clients.append(EventStreamClient(number, diligence: 0, steadyMask: 1, random.branch()))
        }
    }

    private func pickDiligence() -> Int {
        climate.isMeasured ? 90 : random.pick([0, 5, 25, 60, 95, 95])
    }

    func note(_ text: @autoclosure () -> String) {
        trace.append("step \(step) at \(time.now.nanoseconds / 1000) µs: \(text())")
        if !options.keepsTrace, trace.count > 2000 { trace.removeFirst(1000) }
    }

    // MARK: Steps

    func run(steps: Int) throws {
        var quietAt = quietInterval
        while step < steps {
            try act()
            if step >= quietAt {
                try quiesce()
                quietAt = step + quietInterval
            }
            if let drainsAt = climate.drainsAt, step >= drainsAt, gateway.generation == 1 { try restart() }
        }
        while options.isPlain, feedCount < Self.feedLimit { try publish() }
        try quiesce()
        if climate.drainsAtEnd {
            try restart()
            try quiesce()
        }
    }

    func act() throws {
        step += 1
        time.advance(nanoseconds: 500 + random.below(30_000))
        if random.chance(climate.publishing), !options.isPlain || feedCount < Self.feedLimit { try publish() }
        if let exhaustedSince, time.now.since(exhaustedSince) > .milliseconds(150) || isQuiet {
            exhaust(false)
        } else if !climate.isMeasured, exhaustedSince == nil, random.chance(oneIn: 1500) {
            exhaust(true)
        }
        if climate.isScarce { changeMemory() }
        if reloading.chance(oneIn: 500) {
            note("the settings are read anew")
            gateway.reload()
        }
        if gateway.journal != nil {
            if journaling.chance(40) { _ = try runJournal() }
            if !climate.isMeasured, !gateway.isDraining, journaling.chance(oneIn: 1200) { try kill() }
        }
        if random.chance(climate.turning) {
            try turn(random.below(gateway.loops.count))
        } else {
            try clients[random.below(clients.count)].step(in: self)
        }
        if random.chance(3) { try leap(within: .milliseconds(Int64(1 + random.below(900)))) }
    }

    /// Memory becomes short for a while, and then is not.
    private func changeMemory() {
        if let shortUntil {
            if time.now >= shortUntil { endShortage() }
        } else if scarcity.chance(oneIn: 400) {
            shortUntil = time.now + .milliseconds(20 + scarcity.below(1500))
            for link in links.values { link.blameMemory() }
            for loop in gateway.loops { loop.clientByteLimit = scarcity.pick([0, 2000, 5000, 12_000]) }
            note("memory is short")
        }
    }

    func endShortage() {
        guard shortUntil != nil else { return }
        shortUntil = nil
        for loop in gateway.loops { loop.clientByteLimit = 1 << 40 }
        note("memory is short no more")
    }

    func exhaust(_ isExhausted: Bool) {
        note(isExhausted ? "no descriptor is left" : "there are descriptors again")
        for loop in gateway.loops { loop.kernel.isExhausted = isExhausted }
        exhaustedSince = isExhausted ? time.now : nil
        // The loop may pause after the last failure.
        exhaustedUntil = isExhausted ? .never : time.now + .milliseconds(150)
    }

    func turn(_ number: Int) throws {
        let loop = gateway.loops[number]
        guard loop.canRun else { return }
        let before = truth.sequence
        let isTurn = try loop.run()
        try learn()
        note(
            "loop \(number) \(isTurn ? "turned" : "announced its sleep"), \(truth.sequence - before) accepted"
        )
    }

    /// Takes note of what was accepted.
    func learn() throws {
        try gateway.takeAccepted { try truth.apply($0) }
    }

    /// Lets time pass to the next thing that is due, where all who could do something have done it.
    private func leap(within limit: Duration) throws {
        for loop in gateway.loops where loop.canRun { return }
        if gateway.journal?.canRun(at: time.now) ?? false { return }
        for client in clients {
            guard let socket = client.socket, client.isDiligent else { continue }
            if socket.hasOutgoing || socket.unreadCount > 0 { return }
        }
        time.advance(to: min(wakesAt, time.now + limit))
    }

    /// When something is due if nothing happens.
    var wakesAt: Instant {
        min(gateway.loops.map(\.wakesAt).min() ?? .never, gateway.journal?.wakesAt ?? .never)
    }

    // MARK: Publishing

    private func publish() throws {
        feedCount += 1
        if gateway.isClosed { return }
        var updates: [(topic: Int, data: [UInt8]?)] = []
        for _ in 0..<(feed.chance(70) ? 1 : 2 + feed.below(8)) {
            let topic = pickTopic(&feed)
            let padding = feed.chance(90) ? feed.below(40) : feed.below(1500)
            updates.append((topic, feed.chance(10) ? nil : truth.announce(topic, padding: padding).data))
        }
        try gateway.publish(updates, time)
        try learn()
        note("a feed published up to \(truth.sequence)")
    }

    func pickTopic(_ random: inout SeededGenerator) -> Int {
        random.chance(50) ? random.below(3) : random.below(Universe.standard.names.count)
    }

    // MARK: What clients ask for

    func pickMask(_ random: inout SeededGenerator) -> UInt64 {
        var mask: UInt64 = 0
        for _ in 0..<1 + random.below(3) {
            mask |= 1 << UInt64(random.below(Universe.standard.patterns.count))
        }
        return mask
    }

    /// Patterns with a cursor that says something of them, or without one.
    func pickSubscription(_ random: inout SeededGenerator) -> (mask: UInt64, resumption: Resumption) {
        var (mask, resumption) = pickBeginning(&random)
        resumption.last = pickLast(mask)
        return (mask, resumption)
    }

    /// How much of the past of logs is wanted. It is drawn from what is there anyway, and changes nothing of what else is drawn.
    func pickLast(_ mask: UInt64) -> Int? {
        let drawn = Int((mask &* 31 &+ truth.sequence) % 20)
        return drawn < 7 ? drawn : nil
    }

    private func pickBeginning(_ random: inout SeededGenerator) -> (mask: UInt64, resumption: Resumption) {
        guard random.chance(70), !cursors.isEmpty else { return (pickMask(&random), .none) }
        let handed = random.chance(50) ? cursors[cursors.count - 1] : random.pick(cursors)
        guard handed.mask != 0 else { return (pickMask(&random), .none) }
        var mask = handed.mask
        // A part of what the cursor stands for is good as well.
        if random.chance(30) {
            let part = mask & random.next()
            if part != 0 { mask = part }
        }
        return (mask, Resumption(handed, &random, in: self))
    }

    func pickRate(_ random: inout SeededGenerator) -> Double {
        random.pick([0.8, 2, 5, 12.5, 100, 1000])
    }

    func keep(_ cursor: Holding.HandedCursor) {
        cursors.append(cursor)
        if cursors.count > 80 { cursors.remove(at: cursors.count / 2) }
    }

    // MARK: Links

    func connect(_ name: String, _ random: inout SeededGenerator) -> ClientSocket {
        var traits = Link.Traits()
        traits.outboundLimit = random.pick(climate.outboundLimits)
        traits.lowWater = random.chance(50) ? 1 : max(1, traits.outboundLimit / 3)
        traits.isLayered = random.chance(35)
        traits.mayBreak = !climate.isMeasured
        traits.crossesInterest = options.crossesInterest && traits.isLayered
        traits.handshakeSteps = options.shakesHands && traits.isLayered ? random.below(4) : 0
        return connect(name, traits: traits, &random)
    }

    func connect(_ name: String, traits: Link.Traits, _ random: inout SeededGenerator) -> ClientSocket {
        linkCount += 1
        let link = Link("\(name)#\(linkCount)", traits, time, random.branch())
        link.loop = random.below(gateway.loops.count)
        gateway.loops[link.loop].kernel.connect(link)
        links[link.name] = link
        if shortUntil != nil { link.blameMemory() }
        return ClientSocket(link)
    }

    func link(named name: String) -> Link? { links[name] }

    // MARK: Figures

    /// An update was received that was sent live.
    func measured(_ accepted: Instant, _ offer: Link.Offer, loop: Int) {
        let age = offer.time.nanoseconds - min(accepted.nanoseconds, offer.time.nanoseconds)
        ages[loop].sum += Int(age / 1000)
        ages[loop].count += 1
    }

    /// What the readers that stay hold in the end.
    var digest: UInt64 {
        clients.reduce(0) { digest, client in
            let holding =
                (client as? WebSocketClient)?.reader.holding ?? (client as? EventStreamClient)?.reader.holding
            guard let holding, client.isDiligent else { return digest }
            return (digest ^ holding.digest(truth)) &* 0x100_0000_01b3
        }
    }

    /// The clock's and the generators' present state: all that happened led there.
    var fingerprint: UInt64 {
        var end = random
        return clients.reduce(time.now.nanoseconds ^ end.next()) { digest, client in
            var own = client.random
            return (digest ^ own.next()) &* 0x100_0000_01b3
        }
    }
}
