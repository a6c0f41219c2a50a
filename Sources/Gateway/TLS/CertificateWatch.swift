/// Looks every minute, and when it is told to, whether certificates have changed on disk.
internal import Primitives
internal import Synchronization
internal import Transport

/// Any thread. Reading and checking takes milliseconds, so it has a thread of its own.
final class CertificateWatch: Sendable {
    private static let interval = Duration.seconds(60)

    private let wakeup: Wakeup
    private let thread: LoopThread
    private let isEnding: Flag

    private final class Flag: Sendable {
        let isUp = Atomic<Bool>(false)
    }

    init(
        _ certificates: EndpointCertificates, at addresses: [ListeningAddress], _ keys: TicketKeys,
        _ shared: GatewayShared
    ) throws(SystemFailure) {
        let wakeup = try Wakeup()
        let isEnding = Flag()
        thread = try LoopThread(name: "certificates") {
            var rounds = CertificateRounds(certificates, at: addresses, keys, shared, now: .now())
            while !isEnding.isUp.load(ordering: .acquiring) {
                rounds.look(at: .now(), now: .now())
                _ = Readiness.wait(for: [.init(wakeup.descriptor, .read)], timeout: Self.interval)
                wakeup.clear()
            }
        }
        self.wakeup = wakeup
        self.isEnding = isEnding
    }

    /// Looks at once.
    func look() {
        wakeup.wake()
    }

    /// Returns when the thread has ended. Call it once.
    func stop() {
        isEnding.isUp.store(true, ordering: .releasing)
        wakeup.wake()
        thread.join()
    }
}
