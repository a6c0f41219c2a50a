/// What all loops of a gateway have in common, and each loop's outer side.
package import Broker
internal import Primitives
internal import Synchronization
internal import Transport
package import WebSocket

/// Immutable, but for what counts and what says so.
package final class GatewayShared: Sendable {
    package let configuration: GatewayConfiguration
    package let sequencer: Sequencer
    package let log: Log
    package let files: StaticFiles
    let messageAnswer: MessageAnswer?
    let isDraining = Atomic<Bool>(false)
    let isReady = Atomic<Bool>(false)
    let connectionCount = Atomic<Int>(0)
    let connectionLimit: Int
    let startedAt = UnixTime.now()
    let descriptorLimit: Int
    let loops: Mutex<[LoopControl]> = Mutex([])

    init(
        configuration: GatewayConfiguration, sequencer: Sequencer, log: Log, files: StaticFiles,
        descriptorLimit: Int, messageAnswer: MessageAnswer?
    ) {
        self.configuration = configuration
        self.sequencer = sequencer
        self.log = log
        self.files = files
        self.messageAnswer = messageAnswer
        self.descriptorLimit = descriptorLimit
        // A descriptor each, and some that the loops, the feeds and the log need: whoever cannot be had is told so
        // before the kernel has none left.
        let kept = 16 + 8 * configuration.threadCount
        connectionLimit = min(configuration.http.connectionLimit, max(descriptorLimit - kept, 1))
    }

    var isDrainingNow: Bool { isDraining.load(ordering: .relaxed) }

    var isServing: Bool { isReady.load(ordering: .acquiring) && !isDraining.load(ordering: .acquiring) }

    /// The sum of one figure over all loops.
    func total(_ figure: (LoopStatistics) -> Int) -> Int {
        loops.withLock { $0 }.reduce(0) { $0 + figure($1.statistics) }
    }
}

/// Answers a WebSocket message in place of the gateway's own commands, by sending none, one or more. This is how a
/// test speaks to the connection alone, through all that a product's message goes through.
package typealias MessageAnswer =
    @Sendable (_ opcode: Opcode, _ message: Span<UInt8>, _ send: (Opcode, Span<UInt8>) -> Void) -> Void

/// The side of a loop that other threads may touch.
final class LoopControl: Sendable {
    let wakeup: Wakeup
    let statistics = LoopStatistics()
    private let draining = Atomic<Bool>(false)

    init() throws(SystemFailure) {
        wakeup = try Wakeup()
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func drain() {
        draining.store(true, ordering: .releasing)
        wakeup.wake()
    }
}
