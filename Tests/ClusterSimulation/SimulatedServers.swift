/// A primary, what its replica has of it, and former primaries that do not know it yet.
internal import Cluster
internal import Primitives

final class SimulatedServers {
    private var random: SeededGenerator
    private var states: [ServerState] = [ServerState()]
    /// Former primaries that still answer.
    private var isolated: Set<Int> = []
    private(set) var primary = 0
    /// The primary as its replica has it.
    private var replica = ServerState()
    private var connectionCount = 0
    private var runCount = 1
    var isRefusing = false
    var isDown = false
    /// The replica hears nothing at present.
    var isLagging = false
    /// By the clock of all of them.
    var time = UnixTime(milliseconds: 0)
    /// When one of them was last lost, or a former primary.
    private(set) var changedAt = UnixTime(milliseconds: 0)
    /// Percent.
    var cutChance = 0
    /// Records that were there and were lost, by what they hold.
    private(set) var lost: [[UInt8]] = []

    private var late: [(server: Int, run: Int, command: (inout ServerState) -> Void)] = []

    init(_ random: SeededGenerator) {
        self.random = random
        states[0].run = 1
    }

    subscript(_ server: Int) -> ServerState {
        get { states[server] }
        set { states[server] = newValue }
    }

    var state: ServerState { states[primary] }

    /// Whether the leases of feeds that nodes believe in may differ from those that the primary knows.
    var mayHaveForgottenLeases: Bool {
        !isolated.isEmpty
            || time.milliseconds <= changedAt.milliseconds + UInt64(NodeGreeting.leaseMilliseconds)
    }

    /// Whether something that was there then may not be there any more, or not for everybody.
    func mayHaveLost(since moment: UnixTime) -> Bool {
        !isolated.isEmpty || changedAt.milliseconds >= moment.milliseconds
    }

    // MARK: Connections

    func isUp(_ server: Int) -> Bool { !isDown && (server == primary || isolated.contains(server)) }

    /// Where a new connection comes to: the primary, or one that was.
    func find() throws(SharedLogFailure) -> Int {
        if isDown { throw .lost(reason: "nobody answers") }
        if let old = isolated.min(), chance(20) { return old }
        return primary
    }

    func newConnection() -> Int {
        connectionCount += 1
        return connectionCount
    }

    func cuts() -> Bool { chance(cutChance) }
    func isOver() -> Bool { chance(10) }
    func readLimit() -> Int { .random(in: 1...20, using: &random) }

    /// What happened at a server reaches its replica, soon or later.
    func note(_ server: Int) {
        if server == primary, !isLagging, chance(60) { replica = states[primary] }
    }

    /// A command that is on its way still when its connection is cut.
    func deliverLater(at server: Int, _ command: @escaping (inout ServerState) -> Void) {
        late.append((server, states[server].run, command))
    }

    /// One of the commands that are on their way arrives, if its server is still there.
    func deliverLate() {
        guard !late.isEmpty else { return }
        let (server, run, command) = late.remove(at: Int.random(in: 0..<late.count, using: &random))
        guard states[server].run == run, server == primary || isolated.contains(server) else { return }
        command(&states[server])
        note(server)
    }

    func replicate() { replica = states[primary] }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: What happens to them

    /// The replica takes the primary's place, which may go on answering whoever it still has.
    func failOver(isolatingOld: Bool) {
        lose(of: states[primary], keeping: replica)
        if isolatingOld { isolated.insert(primary) }
        states.append(replica)
        primary = states.count - 1
        begin()
    }

    /// The process ends and another one begins, with all that was there, or with what its disk had.
    func restart(losing isLosing: Bool) {
        if isLosing {
            lose(of: states[primary], keeping: replica)
            states[primary] = replica
        }
        begin()
    }

    func empty() {
        lose(of: states[primary], keeping: ServerState())
        states[primary] = ServerState()
        begin()
    }

    /// Somebody deletes the log under the nodes: no connection ends.
    func delete() {
        let run = states[primary].run
        lose(of: states[primary], keeping: ServerState())
        states[primary] = ServerState()
        states[primary].run = run
        replica = states[primary]
        changedAt = time
    }

    /// Former primaries find out what they are. What they took meanwhile is lost.
    func healPartitions() {
        if !isolated.isEmpty { changedAt = time }
        for server in isolated { lose(of: states[server], keeping: states[primary]) }
        isolated = []
    }

    private func begin() {
        changedAt = time
        runCount += 1
        states[primary].run = runCount
        replica = states[primary]
        isLagging = false
    }

    private func lose(of state: ServerState, keeping other: ServerState) {
        var shared = 0
        while shared < min(state.records.count, other.records.count),
            state.records[shared].bytes == other.records[shared].bytes
        { shared += 1 }
        lost += state.records[shared...].map(\.bytes)
    }
}
