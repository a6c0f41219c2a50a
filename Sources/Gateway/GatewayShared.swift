/// The common ground of a gateway's loops, and each loop's outer side.
package import Broker
package import Logging
internal import Primitives
package import Synchronization
internal import Transport

/// Immutable, but for atomics and mutexes.
package final class GatewayShared: Sendable {
    /// As of the start; a loop may have others by now (`Workspace.configuration`).
    package let configuration: GatewayConfiguration
    package let sequencer: Sequencer
    /// Puts the updates of clients in order.
    let updates: any UpdateLog
    /// Whether the log is the sequencer itself. One that is elsewhere takes batches whole, and ends topics itself.
    let isSequencerTheLog: Bool
    package let log: Log
    package let files: StaticFiles
    package let drain = DrainDesk()
    package let isReady = Atomic<Bool>(false)
    /// Loops that do not hold yet what was kept.
    let restoringLoopCount = Atomic<Int>(0)
    let connectionCount = Atomic<Int>(0)
    /// So many connections leave the kernel descriptors to refuse the others with.
    let descriptorConnectionLimit: Int
    /// So many of those for which there is no room does each loop let in to tell them so: how, depends on what they ask for.
    let surplusLimit: Int
    let startedAt = UnixTime.now()
    let descriptorLimit: Int
    package let loops: [LoopControl]
    /// As of the start; a loop may listen elsewhere by now (`Workspace.listeners`).
    package let addresses: [ListeningAddress]
    let sources = UpdateSources()
    let accessTickets = AccessTickets()
    let places = ConnectionPlaces()
    // What each address and principal has done lately, and all together.
    let connectionRates = Allowances()
    let requestRates = Allowances()
    let updateRates = Allowances()
    let credentialFailures = Allowances()
    let newConnections = Mutex(Allowance())
    let allUpdates = Mutex(Allowance())
    let certificates = CertificateStatus()
    let reloads = ReloadDesk()
    let backend = BackendDesk()
    let keySets = KeySetDesk()

    package init(
        configuration: GatewayConfiguration, sequencer: Sequencer, log: Log, files: StaticFiles,
        loops: [LoopControl], addresses: [ListeningAddress], descriptorLimit: Int,
        updates: (any UpdateLog)? = nil
    ) {
        self.configuration = configuration
        self.sequencer = sequencer
        self.loops = loops
        self.addresses = addresses
        self.log = log
        self.files = files
        self.updates = updates ?? sequencer
        isSequencerTheLog = updates.map { $0 === sequencer } ?? true
        self.descriptorLimit = descriptorLimit
        // Every connection takes a descriptor; the loops, two of them for each listener, the feeds and the log need some too.
        // The limit is met before the kernel has none left, so that there is one to refuse with.
        let loopCount = max(configuration.threadCount, 1)
        surplusLimit = max(min(descriptorLimit / 16, 1024) / loopCount, 1)
        let kept = 16 + (6 + 2 * addresses.count + surplusLimit) * loopCount
        descriptorConnectionLimit = max(descriptorLimit - kept, 1)
    }

    /// What each loop may hold in memory for its clients.
    func clientByteLimit(_ settings: GatewayConfiguration) -> Int {
        let byteCount = settings.memory.clientByteCount
        return (byteCount > 0 ? byteCount : MachineMemory.byteCount / 4) / max(configuration.threadCount, 1)
    }

    /// Connections of all loops.
    var openCount: Int { connectionCount.load(ordering: .relaxed) }

    func loopIsRestored() { restoringLoopCount.subtract(1, ordering: .relaxed) }

    var isRestoring: Bool { restoringLoopCount.load(ordering: .relaxed) > 0 }

    var isDraining: Bool { drain.isDraining }

    var isServing: Bool { isReady.load(ordering: .acquiring) && !drain.isOrdered }
}

/// The side of a loop that other threads may touch.
package final class LoopControl: Sendable {
    let mailbox: Mailbox
    package let statistics = LoopStatistics()

    /// `wake` ends the wait of the loop's kernel, or the next one.
    package init(wake: @escaping @Sendable () -> Void) {
        mailbox = Mailbox(wake: wake)
    }

    package func drain() {
        mailbox.post(.drain)
    }

    /// Goes by other settings from now on, and asks of each connection whether it may go on.
    package func take(_ configuration: GatewayConfiguration, _ change: ListeningChange? = nil) {
        mailbox.post(.configuration(configuration, change))
    }
}
