/// A running gateway: one sequencer, a loop a core, and the way to end them in peace.
package import Broker
internal import Glibc
package import Logging
internal import Primitives
internal import Synchronization
package import Transport

/// Any thread.
package final class RunningGateway: Sendable {
    /// Where it listens, in the order of the endpoints; port 0 has become a real one.
    package let addresses: [SocketAddress]
    private let shared: GatewayShared
    private let threads: [LoopThread]

    /// Why a gateway could not start.
    package enum Failure: Error, CustomStringConvertible {
        case resolve(ResolveFailure)
        case listen(String, SystemFailure)
        case files(StaticFiles.Failure)
        case system(SystemFailure)

        package var description: String {
            switch self {
            case .resolve(let failure):
                "\(failure). Set \"host\" in config.json to an address of this machine."
            case .listen(let address, let failure):
                "cannot listen on \(address): \(failure). \(Self.advice(failure))"
            case .files(let failure):
                "\(failure). Set \"publicFolder\" in config.json, or \"\" to serve no page."
            case .system(let failure): "cannot start: \(failure)."
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

    /// Listens and starts the loops; ready when it returns.
    package static func start(
        _ configuration: GatewayConfiguration, log: Log
    ) throws(Failure) -> RunningGateway {
        let limit = DescriptorLimit.raise()
        let files = try readFiles(configuration)
        let addresses = try claim(configuration)
        var generator = SystemRandomNumberGenerator()
        let sequencer = Sequencer(epoch: Epoch(random: &generator), retention: configuration.retention)
        do {
            let wakeups = try (0..<max(configuration.threadCount, 1)).map { _ in try Wakeup() }
            let loops = wakeups.map { wakeup in LoopControl { wakeup.wake() } }
            let shared = GatewayShared(
                configuration: configuration, sequencer: sequencer, log: log, files: files, loops: loops,
                addresses: addresses, descriptorLimit: limit)
            return try RunningGateway(shared, addresses, wakeups)
        } catch let failure as SystemFailure {
            throw .system(failure)
        } catch {
            throw .system(SystemFailure("start", 0))
        }
    }

    /// Whether it could start, as far as that can be told without listening.
    package static func check(_ configuration: GatewayConfiguration) throws(Failure) {
        _ = try readFiles(configuration)
        for endpoint in configuration.endpoints { _ = try resolve(endpoint) }
    }

    private static func readFiles(_ configuration: GatewayConfiguration) throws(Failure) -> StaticFiles {
        guard let folder = configuration.publicFolder else { return StaticFiles() }
        do {
            return try StaticFiles(folder: folder)
        } catch {
            throw .files(error)
        }
    }

    private static func resolve(_ endpoint: Endpoint) throws(Failure) -> SocketAddress {
        let candidates: [SocketAddress]
        do {
            candidates = try SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
        } catch {
            throw .resolve(error)
        }
        guard let first = candidates.first else {
            throw .resolve(ResolveFailure(host: endpoint.host, reason: "it has no address"))
        }
        return first
    }

    private static func claim(_ configuration: GatewayConfiguration) throws(Failure) -> [SocketAddress] {
        var claimed: [SocketAddress] = []
        for endpoint in configuration.endpoints {
            let address = try resolve(endpoint)
            do {
                claimed.append(try Listener.claim(address))
            } catch {
                throw .listen(address.description, error)
            }
        }
        return claimed
    }

    private init(
        _ shared: GatewayShared, _ addresses: [SocketAddress], _ wakeups: [Wakeup]
    ) throws {
        self.shared = shared
        self.addresses = addresses
        // All doors to the sequencer are opened before anybody can publish.
        let inboxes = wakeups.map { wakeup in shared.sequencer.addInbox { wakeup.wake() } }
        let started = StartSignal(count: shared.loops.count)
        var threads: [LoopThread] = []
        for (number, (control, inbox)) in zip(shared.loops, inboxes).enumerated() {
            threads.append(
                try LoopThread(name: "loop \(number)") {
                    do {
                        let kernel = try SystemKernel(
                            addresses, shared.configuration.sockets, wakeup: wakeups[number])
                        let loop = GatewayLoop(
                            shared: shared, inbox: inbox, control: control, kernel: kernel)
                        started.report(nil)
                        loop.run()
                    } catch {
                        started.report(error as? SystemFailure ?? SystemFailure("start", 0))
                    }
                })
        }
        self.threads = threads
        if let failure = started.wait() { throw failure }
        shared.isReady.store(true, ordering: .releasing)
    }

    /// The first endpoint's address, for people to open.
    package var address: SocketAddress { addresses[0] }

    /// Where feeds publish.
    package var sequencer: Sequencer { shared.sequencer }

    package var descriptorLimit: Int { shared.descriptorLimit }

    /// All that is counted, at this moment.
    package var figures: GatewayFigures { GatewayFigures(shared) }

    /// Counts from now on the updates of a source called `name`.
    package func addSource(_ name: String) -> SourceStatistics {
        let source = SourceStatistics(name: name)
        shared.sources.withLock { $0.append(source) }
        return source
    }

    /// Says goodbye to everybody, spread over the configured time, and returns when all are gone or cut.
    package func drain() {
        shared.isDraining.store(true, ordering: .releasing)
        for loop in shared.loops { loop.drain() }
        for thread in threads { thread.join() }
    }
}
