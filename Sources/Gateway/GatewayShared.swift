/// What all loops of a gateway have in common, and each loop's outer side.
package import Broker
package import Logging
internal import Primitives
package import Synchronization
package import Transport
package import WebSocket

/// Immutable, but for what counts and what says so.
package final class GatewayShared: Sendable {
    package let configuration: GatewayConfiguration
    package let sequencer: Sequencer
    package let log: Log
    package let files: StaticFiles
    let messageAnswer: MessageAnswer?
    package let isDraining = Atomic<Bool>(false)
    package let isReady = Atomic<Bool>(false)
    let connectionCount = Atomic<Int>(0)
    let connectionLimit: Int
    let startedAt = UnixTime.now()
    let descriptorLimit: Int
    package let loops: [LoopControl]
    /// Feeds and whatever else publishes from inside the process.
    let sources: Mutex<[SourceStatistics]> = Mutex([])
    /// Whether `GET /connections` may tell who is connected.
    let listsConnections: Bool

    package init(
        configuration: GatewayConfiguration, sequencer: Sequencer, log: Log, files: StaticFiles,
        loops: [LoopControl], address: SocketAddress, descriptorLimit: Int, messageAnswer: MessageAnswer?
    ) {
        self.configuration = configuration
        self.sequencer = sequencer
        self.loops = loops
        self.log = log
        self.files = files
        self.messageAnswer = messageAnswer
        self.descriptorLimit = descriptorLimit
        listsConnections = configuration.operations.listsConnections(at: address)
        // A descriptor each, and some that the loops, the feeds and the log need: whoever cannot be had is told so
        // before the kernel has none left.
        let kept = 16 + 8 * configuration.threadCount
        connectionLimit = min(configuration.http.connectionLimit, max(descriptorLimit - kept, 1))
    }

    var isDrainingNow: Bool { isDraining.load(ordering: .relaxed) }

    var isServing: Bool { isReady.load(ordering: .acquiring) && !isDraining.load(ordering: .acquiring) }
}

/// Answers a WebSocket message in place of the gateway's own commands, by sending none, one or more. This is how a
/// test speaks to the connection alone, through all that a product's message goes through.
package typealias MessageAnswer =
    @Sendable (_ opcode: Opcode, _ message: Span<UInt8>, _ send: (Opcode, Span<UInt8>) -> Void) -> Void

/// The side of a loop that other threads may touch.
package final class LoopControl: Sendable {
    let wake: @Sendable () -> Void
    package let statistics = LoopStatistics()
    private let draining = Atomic<Bool>(false)
    private let surveys: Mutex<[ConnectionSurvey]> = Mutex([])
    private let isAsked = Atomic<Bool>(false)

    /// `wake` ends the wait of the loop's kernel.
    package init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    package func drain() {
        draining.store(true, ordering: .releasing)
        wake()
    }

    /// Puts a question to the loop, to be answered in its next turn.
    func ask(_ survey: ConnectionSurvey) {
        surveys.withLock { $0.append(survey) }
        isAsked.store(true, ordering: .releasing)
        wake()
    }

    /// What was asked since the last time. Costs a loop that nobody asks one load a turn.
    func takeSurveys() -> [ConnectionSurvey] {
        guard isAsked.load(ordering: .acquiring) else { return [] }
        isAsked.store(false, ordering: .relaxed)
        return surveys.withLock { surveys in
            defer { surveys = [] }
            return surveys
        }
    }
}
