/// A thread that fetches issuers' keys: no loop waits for them.
internal import Access
internal import Client
internal import Gateway
internal import Primitives
internal import Synchronization
internal import Transport

/// Any thread.
final class KeySetFetches: Sendable {
    private static let timeout = Duration.seconds(10)
    private static let byteCountLimit = 65_536

    private let gateway: RunningGateway
    private let isBegun = Atomic<Bool>(false)

    init(for gateway: RunningGateway) {
        self.gateway = gateway
    }

    /// Starts the thread where there is something to fetch. It stays: what is fetched, the gateway says.
    func begin(fetching sources: [KeySource]) throws(SystemFailure) {
        guard !sources.isEmpty, !isBegun.exchange(true, ordering: .relaxed) else { return }
        let gateway = gateway
        // Nobody waits for its end: it may be asking a name server when the gateway's comes.
        _ = try LoopThread(name: "key sets") { gateway.fetchKeys(by: Self.fetch) }
    }

    private static func fetch(_ source: KeySource) throws(KeyFetchFailure) -> [VerifyingKey] {
        let connection = ServiceConnection(
            to: source.url, trusting: ServerTrust(authorities: source.authorities),
            byteCountLimit: byteCountLimit)
        do {
            let answer = try connection.get(until: .now() + timeout)
            guard answer.status == 200 else {
                throw KeyFetchFailure("it answered with status \(answer.status)")
            }
            // A secret that anybody may fetch is none.
            let keys = try KeySet.read(answer.content).filter { $0.kind != .secret }
            guard !keys.isEmpty else { throw KeyFetchFailure("it has no public key in it") }
            return keys
        } catch {
            throw KeyFetchFailure("\(error)")
        }
    }
}
