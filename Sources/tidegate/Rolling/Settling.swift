/// Whether the readers of a node that was restarted have arrived elsewhere.

/// All nodes together at one moment.
struct FleetSample: Equatable {
    /// Seconds by any clock.
    var moment: Double
    var connections: Double
    /// Since the processes began.
    var opened: Double

    /// New connections a second since then. Less is not possible, but that a process has begun anew meanwhile.
    func rate(since earlier: FleetSample) -> Double {
        max(opened - earlier.opened, 0) / max(moment - earlier.moment, 0.001)
    }
}

/// Samples are taken once a second or so.
struct Settling {
    /// In a row.
    private static let calmSamples = 3
    /// Of the connections that there were; some people go home.
    private static let leastShare = 0.95
    /// So many more or less, and new ones a second, are nothing even where there are few.
    private static let fewConnections = 5.0
    private static let calmShare = 0.01

    let connections: Double
    let rate: Double
    private var former: FleetSample?
    private var calmCount = 0

    /// What was there before, with so many new connections a second.
    init(connections: Double, rate: Double) {
        self.connections = connections
        self.rate = rate
    }

    /// Takes what is there now. True: as many as before, and no more come than did.
    mutating func take(_ sample: FleetSample) -> Bool {
        defer { former = sample }
        guard let former else { return false }
        let few = max(Self.fewConnections, Self.calmShare * connections)
        let areBack = sample.connections >= Self.leastShare * connections - Self.fewConnections
        let isStill = abs(sample.connections - former.connections) <= few
        let isCalm = sample.rate(since: former) <= 2 * rate + few
        calmCount = areBack && isStill && isCalm ? calmCount + 1 : 0
        return calmCount >= Self.calmSamples
    }
}
