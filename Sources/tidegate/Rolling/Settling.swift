/// Whether the readers of a node that was restarted have arrived elsewhere.

/// All nodes together at one moment.
struct FleetSample: Equatable {
    /// Seconds by any clock.
    var moment: Double
    var streams: Double
    /// Since the processes began.
    var opened: Double

    /// New streams a second since then. Less is not possible, but that a process has begun anew meanwhile.
    func rate(since earlier: FleetSample) -> Double {
        max(opened - earlier.opened, 0) / max(moment - earlier.moment, 0.001)
    }
}

/// Samples are taken once a second or so.
struct Settling {
    /// In a row.
    private static let calmSamples = 3
    /// Of the streams that there were; some people go home.
    private static let leastShare = 0.95
    /// So many more or less, and new ones a second, are nothing even where there are few.
    private static let fewStreams = 5.0
    private static let calmShare = 0.01

    let streams: Double
    let rate: Double
    /// New streams a second between the last two samples.
    private(set) var latestRate = 0.0
    private var former: FleetSample?
    private var calmCount = 0

    /// What was there before, with so many new streams a second.
    init(streams: Double, rate: Double) {
        self.streams = streams
        self.rate = rate
    }

    /// Takes what is there now. True: as many as before, and no more come than did.
    mutating func take(_ sample: FleetSample) -> Bool {
        defer { former = sample }
        guard let former else { return false }
        let few = max(Self.fewStreams, Self.calmShare * streams)
        let areBack = sample.streams >= Self.leastShare * streams - Self.fewStreams
        latestRate = sample.rate(since: former)
        let isCalm = latestRate <= 2 * rate + few
        calmCount = areBack && isCalm ? calmCount + 1 : 0
        return calmCount >= Self.calmSamples
    }
}
