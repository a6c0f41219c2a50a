/// `tidegate drain`: a gateway sends its readers elsewhere, and ends.
internal import Client
internal import Primitives
internal import Synchronization

enum Drain: Command {
    static let name = "drain"
    static let summary = "Have a gateway send its readers elsewhere, and end"
    static let help = """
        Usage: tidegate drain [URL] [OPTIONS]

        The gateway's /readyz says 503 from now on. When balancers have had time to notice ("drain.settle" in its
        settings), it says goodbye to its readers, spread over "drain.spread" or longer if there are many; each is told
        when to come back. Whoever is still there after "drain.deadline" is cut. Then its process ends with status 0,
        as after SIGTERM. Whatever looks after it may start it again. It takes the right `operate`.

          --wait              show how it goes, and return when it has ended; 1 if that takes too long

        \(Arguments.gatewayHelp)

        Examples:
          tidegate drain --wait http://10.0.0.4:8080
          tidegate drain --url https://ticker.example --token-file operator.key
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let waits = try arguments.flag("--wait")
        let (url, words) = try arguments.gatewayAndWords()
        if let word = words.first { throw UsageFailure("unexpected \"\(word)\"") }
        let order = DrainOrder(at: url)
        guard let first = try order.ask() else { return 0 }
        guard waits else {
            try Console.show("\(url) drains: \(first.summary)")
            return 0
        }
        let watch = DrainWatch(order, first)
        let progress = try ProgressLine { watch.latest }
        defer { progress.end() }
        let seconds = try watch.waitForEnd()
        progress.end()
        try Console.show("\(url) has ended after \(seconds) s")
        return 0
    }
}

/// Asks until the gateway has ended.
final class DrainWatch: @unchecked Sendable {
    // Unchecked: one thread calls `waitForEnd`, and what others read is behind a mutex.
    private static let interval = Interval(milliseconds: 250)
    /// Beyond what the gateway has said itself: for what was published to reach the disk.
    private static let patience = Interval(milliseconds: 30_000)

    private let order: DrainOrder
    private let progress: Mutex<DrainOrder.Progress>

    init(_ order: DrainOrder, _ first: DrainOrder.Progress) {
        self.order = order
        progress = Mutex(first)
    }

    var latest: String { progress.withLock { $0.summary } }

    /// Returns how many seconds it took. Each time that it has asked it lets `look` throw.
    func waitForEnd(_ look: () throws -> Void = {}) throws -> Int {
        let began = Instant.now()
        var last = began + Self.patience
        while Instant.now() < last {
            pause(Self.interval)
            guard let now = try order.ask() else {
                return Int(Instant.now().since(began).inSeconds.rounded())
            }
            progress.withLock { $0 = now }
            try look()
            if let seconds = now.seconds {
                last = .now() + Interval(milliseconds: UInt64(seconds * 1000)) + Self.patience
            }
        }
        throw DrainFailure.lasts(progress.withLock { $0.summary })
    }
}

enum DrainFailure: Error, CustomStringConvertible {
    case lasts(String)

    var description: String {
        switch self {
        case .lasts(let summary): "it has not ended in time (\(summary)); its log may say why"
        }
    }
}

extension DrainOrder.Progress {
    /// For people.
    var summary: String {
        let count = connections == 1 ? "1 connection" : "\(connections) connections"
        return "\(phase), \(count)" + (seconds.map { ", \(Int($0.rounded(.up))) s at most" } ?? "")
    }
}

/// Does nothing for a while.
func pause(_ interval: Interval) {
    _ = Monitor(()).wait(until: .now() + interval) { _ in false }
}
