/// Nodes of a cluster, the servers of their log, publishers and readers, and everything that was promised them.
internal import Broker
internal import Cluster
internal import Primitives

/// One seed makes one world.
package final class ClusterWorld {
    var random: SeededGenerator
    var time = WorldTime()
    let servers: SimulatedServers
    var nodes: [SimulatedNode] = []
    let publishers = Publishers()
    let noteHolders = NoteHolders()
    let orderGivers = OrderGivers()
    /// What readers hold that are between two nodes.
    var readers: [Reader] = []
    let rules: Sequencer.Retention
    private var epochCount = 0
    /// Nobody publishes at the first node: what becomes of the log it learns by reading.
    private let hasQuietNode: Bool
    private var feedCount = 0

    /// A reader that was cut: what it holds, and the cursor that says so.
    struct Reader {
        let cursor: Cursor
        let topics: [String: SimulatedNode.Held]
        /// When it left a node that followed the primary.
        let left: WorldTime?
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init(seed: UInt64, keepsHistory: Bool) {
        random = SeededGenerator(seed: seed)
        self.keepsHistory = keepsHistory
        servers = SimulatedServers(SeededGenerator(seed: seed &* 31))
        servers.time = time.wall
        var rules = Sequencer.Retention()
        rules.logs = [(Self.pattern("log/**"), 5)]
        rules.timesToLive = [(Self.pattern("brief/**"), Interval(milliseconds: 2000))]
        // Longer than any world lasts: a batch whose key is forgotten would rightly be published again.
        rules.keyLife = Interval(milliseconds: 1_000_000_000)
        self.rules = rules
        hasQuietNode = Bool.random(using: &random)
        for number in 0..<Int.random(in: 2...4, using: &random) { nodes.append(newNode("node-\(number)")) }
    }

    private static func pattern(_ text: String) -> TopicPattern {
        guard let pattern = try? TopicPattern(Array(text.utf8).span) else { preconditionFailure(text) }
        return pattern
    }

    private func newNode(_ name: String) -> SimulatedNode {
        SimulatedNode(name, servers, rules, time, orderGivers) { [unowned self] in
            epochCount += 1
            return Epoch("e\(epochCount)")
        }
    }

    func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws {
        if !holds { throw Failure(description: promise()) }
    }

    /// What has happened, for the message of a failure.
    package private(set) var history: [String] = []
    private let keepsHistory: Bool

    func note(_ event: @autoclosure () -> String) {
        if keepsHistory { history.append("\(time.wall.milliseconds - 1_764_000_000_000) ms: \(event())") }
    }

    func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    func chance(_ percent: Int) -> Bool { below(100) < percent }

    func pass(milliseconds: UInt64) {
        time.pass(milliseconds: milliseconds)
        servers.time = time.wall
    }

    // MARK: A life

    package func run(steps: Int) throws {
        for _ in 0..<steps {
            switch below(100) {
            case ..<22: publish()
            case ..<76: try turn(nodes[below(nodes.count)])
            case ..<90: pass(milliseconds: UInt64(pause()))
            case ..<92: try meetReader()
            case ..<93:
                let node = nodes[below(nodes.count)]
                let giver = orderGivers.give(at: node, time)
                note("\(node.name) is to give order \(giver.map { "\($0.number)" } ?? "none")")
            case ..<97:
                let said = noteHolders.move(at: nodes[below(nodes.count)], time, &random)
                note(said)
            default: try disturb()
            }
            if chance(10) { servers.deliverLate() }
        }
        try comeToRest()
        try compare()
        try passANote()
        try giveAnOrder()
    }

    /// Mostly a moment; now and then about as long as a lease, or as somebody's patience.
    private func pause() -> Int {
        if chance(3) { return [3000, 7000, 11_000][below(3)] }
        return chance(12) ? 1500 : below(40)
    }

    /// Gives a node a turn: a step, or one of its chores.
    func turn(_ node: SimulatedNode) throws {
        if node.isPaused { return }
        if node.hasChores, chance(60) {
            let came = node.runChore(below(8))
            note("\(node.name) \(came)")
        } else {
            node.step(time)
            note("\(node.name) is at \(node.work.applied), \(node.lineage.current.text)-\(node.sequence)")
        }
        try requireOneHolder()
        if let fault = noteHolders.faults.first ?? orderGivers.fault() { throw Failure(description: fault) }
        if let unusable = node.unusable { throw Failure(description: "\(node.name): \(unusable)") }
    }

    /// Those that stand still count as well: what they would do next is what they hold.
    private func requireOneHolder() throws {
        let holders = holders
        try require(
            holders.count < 2 || servers.mayHaveForgottenLeases,
            "\(holders.map(\.name)) run the same feed")
    }

    var holders: [SimulatedNode] {
        nodes.filter { $0.log.holds(feed: SimulatedNode.feed, at: time.now) }
    }

    private func publish() {
        let node = nodes[hasQuietNode ? 1 + below(nodes.count - 1) : below(nodes.count)]
        guard node.work.hasState else { return }
        if chance(15) {
            feedCount += 1
            let said = node.feed(feedCount, time)
            note(said)
            return
        }
        let again = chance(15) ? publishers.unansweredKey(&random) : nil
        let note = publishers.publish(at: node, again: again, time, &random)
        self.note(note)
    }

    // MARK: Faults

    private func disturb() throws {
        switch below(18) {
        case 0...2:
            let node = nodes[below(nodes.count)]
            let lane = ClusterLane.allCases[below(ClusterLane.allCases.count)]
            node.cut(lane)
            note("\(node.name) \(lane): cut")
        case 3: servers.cutChance = [0, 0, 5, 30][below(4)]
        case 4, 5:
            let isolatesOld = chance(40)
            note("a replica takes over\(isolatesOld ? ", the old primary goes on" : "")")
            servers.failOver(isolatingOld: isolatesOld)
            askForNotesAgain()
        case 6:
            let isLosing = chance(40)
            note("the server restarts\(isLosing ? " without its end" : "")")
            servers.restart(losing: isLosing)
            askForNotesAgain()
        case 7 where chance(20):
            note("the server restarts empty")
            servers.empty()
        case 7 where chance(20):
            note("somebody deletes the log")
            servers.delete()
        case 8: servers.healPartitions()
        case 9: servers.isRefusing = chance(50)
        case 10: servers.isDown = chance(50)
        case 11, 12: try replaceNode()
        case 13, 14:
            let node = nodes[below(nodes.count)]
            node.isPaused.toggle()
            note("\(node.name) \(node.isPaused ? "stands still" : "goes on")")
        case 15 where chance(40): try passAnHour()
        case 16, 17:
            servers.isLagging = true
            note("the replica hears nothing")
        default: servers.replicate()
        }
    }

    /// Whoever has shown a ticket tries it again where it may be forgotten that it is spent.
    private func askForNotesAgain() {
        for name in noteHolders.names { noteHolders.take(name, at: nodes[below(nodes.count)], time) }
    }

    /// One of the nodes stands still meanwhile, and the others forget it.
    private func passAnHour() throws {
        let sleeper = nodes[below(nodes.count)]
        note("\(sleeper.name) sleeps for an hour")
        let wasPaused = sleeper.isPaused
        sleeper.isPaused = true
        pass(milliseconds: 3_600_001)
        for _ in 0..<below(40) { try turn(nodes[below(nodes.count)]) }
        sleeper.isPaused = wasPaused
    }

    /// A node is killed, and another of its name starts.
    private func replaceNode() throws {
        let index = below(nodes.count)
        note("\(nodes[index].name) is killed")
        publishers.forget(nodes[index].name)
        noteHolders.forget(nodes[index].name)
        orderGivers.forget(nodes[index].name)
        nodes[index] = newNode(nodes[index].name)
    }

    // MARK: Readers

    /// A reader leaves a node with what it holds, or comes to another one with its cursor.
    private func meetReader() throws {
        let node = nodes[below(nodes.count)]
        guard node.work.hasState else { return }
        if readers.isEmpty || chance(40) {
            let isCurrent =
                node.lineage.current.text == servers.state.epoch
                && servers.state.epochRun == servers.state.run
            let cursor = Cursor(epoch: node.lineage.current, sequence: node.sequence)
            readers.append(Reader(cursor: cursor, topics: node.topics, left: isCurrent ? time : nil))
            if readers.count > 12 { readers.remove(at: below(readers.count)) }
            return
        }
        let reader = readers[below(readers.count)]
        if node.lineage.contains(reader.cursor, endingAt: node.sequence) {
            note("\(node.name) honours \(reader.cursor.epoch)-\(reader.cursor.sequence)")
            try compare(reader, at: node)
        } else if let left = reader.left, node.log.caughtUpAt > left.now {
            // It would be reset.
            try require(
                servers.mayHaveLost(since: left.wall),
                "\(node.name) is at \(node.sequence), and says that it has all there was: nothing is lost, and it does not know \(reader.cursor)"
            )
        }
    }

    /// Whoever's cursor is honoured holds what the node has, up to there.
    private func compare(_ reader: Reader, at node: SimulatedNode) throws {
        let place = "\(reader.cursor.epoch)-\(reader.cursor.sequence) at \(node.name)"
        for (name, topic) in node.topics where topic.sequence <= reader.cursor.sequence {
            try require(
                reader.topics[name] == topic,
                "\(place): the reader holds \(String(describing: reader.topics[name])), the node \(topic)")
        }
        for (name, held) in reader.topics {
            let topic = node.topics[name]
            try require(
                topic.map { $0.sequence > reader.cursor.sequence || $0 == held } ?? false,
                "\(place): the reader holds \(held), the node \(String(describing: topic))")
            try require(
                topic.map { $0.version >= held.version } ?? false, "\(place): the version of \(name) falls")
        }
    }
}
