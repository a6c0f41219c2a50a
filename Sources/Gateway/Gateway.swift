/// A running gateway: one sequencer, a loop a core, and the way to end them in peace.
package import Access
package import Broker
internal import Glibc
package import Logging
internal import Primitives
internal import Synchronization
package import Transport

/// Any thread.
package final class RunningGateway: Sendable {
    /// Where it did not listen at the start, though an endpoint's host stands for it.
    package let skipped: [SkippedAddress]
    private let shared: GatewayShared
    private let threads: [LoopThread]
    /// Sockets that listened before this process began.
    private let passed: [SharedSocket]
    private let listening: Mutex<Listening>
    /// What loops go by at present.
    private let fetchedKeys: Mutex<FetchedKeys>

    /// Where it listens at present.
    private struct Listening: Sendable {
        var addresses: [ListeningAddress]
        var endpoints: [Endpoint]
        /// Nil where nothing is encrypted.
        var certificateWatch: CertificateWatch?
    }

    /// Why a gateway could not start.
    package enum Failure: Error, CustomStringConvertible {
        case resolve(ResolveFailure)
        case listen(String, SystemFailure)
        case socket(SocketFileFailure)
        /// A passed socket that no endpoint is for, and an endpoint for which none was passed.
        case untaken(SharedSocket)
        case notPassed(String, known: [String])
        case files(StaticFiles.Failure)
        case certificate(CertificateFailure)
        case system(SystemFailure)
        /// Others than this machine's own would be let in, and nobody has said what they may do.
        case openToStrangers(SocketAddress)

        package var description: String {
            switch self {
            case .resolve(let failure):
                "\(failure). Set \"host\" in config.json to an address of this machine."
            case .listen(let address, let failure):
                "cannot listen on \(address): \(failure). \(Self.advice(failure))"
            case .socket(let failure): "\(failure)"
            case .untaken(let socket):
                """
                a socket at \(socket.address) was passed as "\(socket.name ?? "")", and no endpoint is for it. \
                Name it in "endpoints", by "socket" or by its address, or pass it no more.
                """
            case .notPassed(let name, let known):
                """
                no socket was passed as "\(name)"\(known.isEmpty ? "" : ", but as " + known.joined(separator: ", ")). \
                See "endpoints" in config.json, and FileDescriptorName= of the socket's unit.
                """
            case .files(let failure):
                "\(failure). Set \"publicFolder\" in config.json, or \"\" to serve no page."
            case .certificate(let failure): "cannot use \(failure). See \"endpoints\" in config.json."
            case .system(let failure): "cannot start: \(failure)."
            case .openToStrangers(let address):
                """
                whoever reaches \(address) would be let in, and nothing says what strangers may do. \
                Write it into config.json, for instance (docs/access.md):
                  "access": {
                    "anonymous": { "subscribe": ["**"], "publish": [] }
                  }
                """
            }
        }

        private static func advice(_ failure: SystemFailure) -> String {
            switch failure.number {
            case EADDRNOTAVAIL: "Set \"host\" to an address of this machine."
            case EACCES: "Set a \"port\" from 1024 on, or give the process the right to lower ones."
            default: "Stop what listens there, or set another \"port\"."
            }
        }
    }

    /// Listens, at sockets that were `passed` where they are meant, and starts the loops; ready when it returns.
    ///
    /// - Parameters:
    ///   - updates: takes what clients publish, once what was kept is restored into `sequencer`; until `finishRestoring` all are told
    ///     so. Nil: the sequencer itself takes it, and nothing is restored.
    package static func start(
        _ configuration: GatewayConfiguration, passed: [SharedSocket] = [], log: Log,
        restoring updates: (any UpdateLog)? = nil
    ) throws(Failure) -> RunningGateway {
        Allocator.avoidPauses()
        let limit = DescriptorLimit.raise()
        let files = try readFiles(configuration)
        let certificates = try readCertificates(configuration)
        let places = try ListeningPlaces(of: configuration, passed: passed)
        try demandDecision(configuration.access, for: places.addresses.map(\.address))
        let sequencer = Sequencer(epoch: .random(), retention: configuration.retention)
        do throws(SystemFailure) {
            var wakeups: [Wakeup] = []
            for _ in 0..<max(configuration.threadCount, 1) { wakeups.append(try Wakeup()) }
            let loops = wakeups.map { wakeup in LoopControl { wakeup.wake() } }
            let shared = GatewayShared(
                configuration: configuration, sequencer: sequencer, log: log, files: files, loops: loops,
                addresses: places.addresses, descriptorLimit: limit, updates: updates)
            return try RunningGateway(shared, passed, places.skipped, wakeups, certificates)
        } catch {
            throw .system(error)
        }
    }

    /// Whether it could start, as far as that can be told without listening.
    package static func check(_ configuration: GatewayConfiguration) throws(Failure) {
        _ = try readFiles(configuration)
        _ = try readCertificates(configuration)
        for endpoint in configuration.endpoints {
            try demandDecision(configuration.access, for: endpoint.resolvedAddresses())
        }
    }

    /// Strangers are let in where somebody has decided so.
    private static func demandDecision(
        _ access: AccessSettings, for addresses: [SocketAddress]
    ) throws(Failure) {
        guard !access.saysWhatStrangersMay, let open = addresses.first(where: { !$0.isLocal }) else {
            return
        }
        throw .openToStrangers(open)
    }

    private static func readFiles(_ configuration: GatewayConfiguration) throws(Failure) -> StaticFiles {
        guard let folder = configuration.publicFolder else { return StaticFiles() }
        do {
            return try StaticFiles(folder: folder)
        } catch {
            throw .files(error)
        }
    }

    private static func readCertificates(
        _ configuration: GatewayConfiguration
    ) throws(Failure) -> EndpointCertificates {
        do throws(CertificateFailure) {
            return try EndpointCertificates(reading: configuration.endpoints, at: .now())
        } catch {
            throw .certificate(error)
        }
    }

    private init(
        _ shared: GatewayShared, _ passed: [SharedSocket], _ skipped: [SkippedAddress],
        _ wakeups: [Wakeup], _ certificates: EndpointCertificates
    ) throws(SystemFailure) {
        self.shared = shared
        self.passed = passed
        self.skipped = skipped
        fetchedKeys = Mutex(FetchedKeys(for: shared.configuration))
        shared.keySets.keep(shared.configuration.access.keySources, at: .now())
        // All doors to the sequencer are opened before anybody can publish.
        let wakes = wakeups.map { wakeup in { @Sendable in wakeup.wake() } }
        let isRestoring = !shared.isSequencerTheLog
        shared.restoringLoopCount.store(isRestoring ? wakes.count : 0, ordering: .relaxed)
        let inboxes =
            isRestoring ? shared.sequencer.holdInboxes(wakes) : shared.sequencer.addInboxes(wakes)
        let keys = TicketKeys()
        let started = StartSignal(count: shared.loops.count)
        var threads: [LoopThread] = []
        for (number, (control, inbox)) in zip(shared.loops, inboxes).enumerated() {
            let wakeup = wakeups[number]
            threads.append(
                try LoopThread(name: "loop \(number)") {
                    Self.run(shared, inbox, control, wakeup, (certificates, keys), started)
                })
        }
        self.threads = threads
        let watch =
            certificates.places.isEmpty
            ? nil : try CertificateWatch(certificates, at: shared.addresses, keys, shared)
        listening = Mutex(
            Listening(
                addresses: shared.addresses, endpoints: shared.configuration.endpoints,
                certificateWatch: watch))
        if let failure = started.wait() { throw failure }
        shared.isReady.store(true, ordering: .releasing)
    }

    /// A loop's life, on its thread.
    private static func run(
        _ shared: GatewayShared, _ inbox: Inbox, _ control: LoopControl, _ wakeup: Wakeup,
        _ secrets: (certificates: EndpointCertificates, keys: TicketKeys), _ started: StartSignal
    ) {
        do throws(SystemFailure) {
            let kernel = try SystemKernel(
                shared.addresses.map { ($0.address, $0.shared) }, shared.configuration.listenerOptions,
                wakeup: wakeup)
            let loop = GatewayLoop(
                shared: shared, inbox: inbox, control: control, kernel: kernel,
                contexts: try contexts(secrets.certificates, at: shared.addresses, secrets.keys))
            started.report(nil)
            loop.run()
        } catch {
            started.report(error)
        }
    }

    /// What was read has made a context before: only memory can be missing.
    private static func contexts(
        _ certificates: EndpointCertificates, at addresses: [ListeningAddress], _ keys: TicketKeys
    ) throws(SystemFailure) -> [Int: TLSContext] {
        do throws(CertificateFailure) {
            return try certificates.contexts(at: addresses, keys)
        } catch {
            throw SystemFailure("SSL_CTX_new", ENOMEM)
        }
    }

    /// Where it listens, in the order of the endpoints; port 0 has become a real one.
    package var addresses: [SocketAddress] { listening.withLock { $0.addresses.map(\.address) } }

    /// Where people may read, for them to try: an address rather than a Unix socket.
    package var entrance: ListeningAddress {
        let open = shared.addresses.filter {
            $0.endpoint.doors.contains(.subscribe) && !$0.endpoint.redirects
        }
        return open.first { $0.address.path == nil } ?? open.first ?? shared.addresses[0]
    }

    /// What was kept is restored into it.
    package var sequencer: Sequencer { shared.sequencer }

    /// All that was kept is in the sequencer: each loop takes it over, and serves from then on.
    package func finishRestoring() { shared.sequencer.releaseInboxes() }

    /// Where feeds publish.
    package var updates: any UpdateLog { shared.updates }

    /// Open connections.
    package var connectionCount: Int { shared.openCount }

    /// Does what another node of the cluster has ordered; `tell` is told how many connections that has ended. Of an order that can't be
    /// understood nothing is told.
    package func carryOut(_ order: [UInt8], tell: @escaping @Sendable (Int) -> Void) {
        shared.carryOut(order, tell: tell)
    }

    package var descriptorLimit: Int { shared.descriptorLimit }

    /// All that is counted, at this moment.
    package var figures: GatewayFigures { GatewayFigures(shared) }

    /// What publishes from inside the process.
    package var sources: UpdateSources { shared.sources }

    // MARK: Other settings

    /// Where a reload is asked for.
    package var reloads: ReloadDesk { shared.reloads }

    /// Where the backend is asked who somebody is.
    package var backend: BackendDesk { shared.backend }

    /// Goes by what of `configuration` can change while it runs, certificates and endpoints among it. Whatever can't be used changes
    /// nothing.
    package func take(_ configuration: GatewayConfiguration) throws(Failure) {
        // In any case: who changed them is told of a mistake, and they would be looked at within a minute.
        defer { listening.withLock { $0.certificateWatch }?.look() }
        try Self.check(configuration)
        let plan = try plan(of: configuration)
        try Self.demandDecision(configuration.access, for: plan?.addresses.map(\.address) ?? addresses)
        if let plan { try beginListening(plan, configuration.endpoints) }
        let settings = shared.configuration.taking(configuration)
        fetchedKeys.withLock { fetched in
            fetched.take(settings)
            handOut(fetched, plan?.changes)
        }
        shared.keySets.keep(settings.access.keySources, at: .now())
        if let plan { tell(of: plan) }
    }

    /// What is to be done to listen where the endpoints say; nil where that is so.
    private func plan(of configuration: GatewayConfiguration) throws(Failure) -> ListeningPlan? {
        let (endpoints, addresses) = listening.withLock { ($0.endpoints, $0.addresses) }
        guard configuration.endpoints != endpoints else { return nil }
        return try ListeningPlan(
            of: shared.configuration.taking(configuration), passed: passed, holding: addresses,
            loopCount: shared.loops.count)
    }

    /// The certificates are watched for the new places. Loops are told of them with the other settings.
    private func beginListening(_ plan: ListeningPlan, _ endpoints: [Endpoint]) throws(Failure) {
        let watch: CertificateWatch?
        do throws(SystemFailure) {
            watch =
                plan.certificates.places.isEmpty
                ? nil : try CertificateWatch(plan.certificates, at: plan.addresses, plan.keys, shared)
        } catch {
            throw .system(error)
        }
        let former = listening.withLock { listening in
            defer {
                listening = Listening(
                    addresses: plan.addresses, endpoints: endpoints, certificateWatch: watch)
            }
            return listening.certificateWatch
        }
        former?.stop()
        if watch == nil { shared.certificates.known.withLock { $0 = [] } }
    }

    private func tell(of plan: ListeningPlan) {
        shared.log.tell(
            .listensElsewhere,
            ["address": .text(plan.addresses.map(\.address.description).joined(separator: " "))])
        for skipped in plan.skipped {
            shared.log.tell(
                .addressSkipped,
                ["address": .text("\(skipped.address)"), "reason": .text("\(skipped.failure)")])
        }
    }

    /// Loops get what is taken in the order in which it is; of the changes of where to listen each gets its own.
    private func handOut(_ fetched: borrowing FetchedKeys, _ changes: [ListeningChange]? = nil) {
        let settings = fetched.merged
        for (number, loop) in shared.loops.enumerated() { loop.take(settings, changes?[number]) }
    }

    /// Has issuers' keys fetched when they are due, until the gateway ends. Those that can't be fetched stay as they were.
    package func fetchKeys(by fetch: (KeySource) throws(KeyFetchFailure) -> [VerifyingKey]) {
        while let source = shared.keySets.next() {
            do throws(KeyFetchFailure) {
                let keys = try fetch(source)
                let isChange = fetchedKeys.withLock { fetched in
                    let isChange = fetched.take(keys, from: source)
                    if isChange { handOut(fetched) }
                    return isChange
                }
                shared.keySets.succeed(source, at: .now())
                guard isChange else { continue }
                shared.log.tell(
                    .keysTaken, ["url": .text("\(source.url)"), "keys": .integer(keys.count)])
            } catch {
                let delay = shared.keySets.fail(source, at: .now())
                shared.log.tell(
                    .keysNotFetched,
                    [
                        "url": .text("\(source.url)"), "reason": .text("\(error)"),
                        "afterSeconds": .number(delay.inSeconds),
                    ])
            }
        }
    }

    /// Where it is told to drain. Whoever runs it carries that out.
    package var drainOrders: DrainDesk { shared.drain }

    /// Lets balancers notice, says goodbye to everybody, spread over the configured time, and returns when all are gone or cut.
    package func drain() {
        shared.drain.settle(fetchedKeys.withLock { $0.settings.drain })
        shared.drain.begin()
        for loop in shared.loops { loop.drain() }
        for thread in threads { thread.join() }
        // First: a reload may be opening sockets still.
        shared.reloads.close()
        let (addresses, watch) = listening.withLock { listening in
            defer { listening.certificateWatch = nil }
            return (listening.addresses, listening.certificateWatch)
        }
        watch?.stop()
        // Of those that a loop was told of too late.
        for address in addresses { address.shared?.stop() }
        shared.backend.close()
        shared.keySets.close()
    }
}
