/// Restarts nodes one after the other, each when the readers of the last one have arrived elsewhere.
internal import Client
internal import Glibc
internal import Primitives
internal import Synchronization

/// One thread; `status` may be read by any.
final class RollingRestart: @unchecked Sendable {
    // Unchecked: what others read is behind a mutex.
    private static let interval = Interval(milliseconds: 1000)
    /// New streams are counted for so long before anything happens.
    private static let baseline = Interval(milliseconds: 3000)

    /// All nodes of the cluster.
    private let places: [NodePlace]
    /// How long a node may take to come back, and readers to arrive.
    private let patience: Duration
    /// Starts a node that has ended; nil: somebody else does.
    private let command: String?
    private let say: (String) throws -> Void
    private let shown = Mutex("")

    init(
        of places: [NodePlace], patience: Duration, starting command: String?,
        say: @escaping (String) throws -> Void
    ) {
        self.places = places
        self.patience = patience
        self.command = command
        self.say = say
    }

    /// What it does at the moment.
    var status: String { shown.withLock { $0 } }

    /// Throws what speaks against beginning.
    func look() throws {
        guard places.count > 1 else {
            throw RollingDoubt("this is the only node: its readers would have nowhere to go")
        }
        let survey = FleetSurvey(of: places)
        if let doubt = survey.doubt() { throw doubt }
        try say(
            "\(places.count) nodes are ready, \(Int(survey.sample.streams)) streams, epoch \(survey.epoch)"
        )
    }

    func restart(_ place: NodePlace) throws {
        let before = try baseline(place)
        let seconds = try drain(place)
        try say("\(place.name)  has ended after \(seconds) s")
        if let command { try start(place, by: command) }
        try awaitReturn(of: place)
        try awaitReaders(before)
    }

    private func baseline(_ place: NodePlace) throws -> Settling {
        show("counting new streams")
        let first = FleetSurvey(of: places)
        pause(Self.baseline)
        let second = FleetSurvey(of: places)
        if let doubt = first.doubt() ?? second.doubt() { throw doubt }
        try say("\(place.name)  drains: \(Int(second.streams(at: place) ?? 0)) streams")
        return Settling(streams: second.sample.streams, rate: second.sample.rate(since: first.sample))
    }

    private func drain(_ place: NodePlace) throws -> Int {
        let order = DrainOrder(at: place.url)
        guard let first = try order.ask() else { return 0 }
        let watch = DrainWatch(order, first)
        return try watch.waitForEnd { [self] in
            show("\(place.name) is \(watch.latest)")
            if let doubt = FleetSurvey(of: places).doubt(passingOver: place.name) {
                throw RollingDoubt("\(doubt), while \(place.name) drains; that goes on")
            }
        }
    }

    private func start(_ place: NodePlace, by command: String) throws {
        setenv("TIDEGATE_NODE", place.name, 1)
        setenv("TIDEGATE_NODE_URL", "\(place.url)", 1)
        let status = system(command)
        guard status == 0 else {
            throw RollingDoubt("--start ended with status \(status >> 8 & 255) for node \(place.name)")
        }
    }

    private func awaitReturn(of place: NodePlace) throws {
        let began = Instant.now()
        show("\(place.name) is started")
        while true {
            let survey = FleetSurvey(of: places)
            if let doubt = survey.doubt(passingOver: place.name) { throw doubt }
            let doubt = survey.doubt()
            let passed = Instant.now().since(began)
            guard let doubt else {
                return try say("\(place.name)  is back after \(Int(passed.inSeconds.rounded())) s")
            }
            guard passed < patience else {
                throw RollingDoubt("\(doubt), \(Int(passed.inSeconds)) s after it has ended")
            }
            show("\(place.name) is not back: \(doubt)")
            pause(Self.interval)
        }
    }

    private func awaitReaders(_ before: Settling) throws {
        var settling = before
        let began = Instant.now()
        while true {
            let survey = FleetSurvey(of: places)
            if let doubt = survey.doubt() { throw doubt }
            let isOver = settling.take(survey.sample)
            let text =
                "\(Int(survey.sample.streams)) streams of \(Int(before.streams)), \(Int(settling.latestRate)) new a second"
            if isOver { return try say("   readers have arrived: \(text)") }
            guard Instant.now().since(began) < patience else {
                throw RollingDoubt("readers do not arrive: \(text) after \(Int(patience.inSeconds)) s")
            }
            show("readers arrive: \(text)")
            pause(Self.interval)
        }
    }

    private func show(_ text: String) { shown.withLock { $0 = text } }
}

extension FleetSurvey {
    var epoch: String { readings.lazy.compactMap { try? $0.get().epoch }.first ?? "" }

    func streams(at place: NodePlace) -> Double? {
        zip(places, readings).first { $0.0.name == place.name }.flatMap { try? $0.1.get().streams }
    }
}
