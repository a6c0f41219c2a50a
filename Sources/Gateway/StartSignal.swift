/// Waits until all loops listen, or one could not.
internal import Dispatch
internal import Synchronization
internal import Transport

final class StartSignal: Sendable {
    private let count: Int
    private let reports = DispatchSemaphore(value: 0)
    private let failure = Mutex<SystemFailure?>(nil)

    init(count: Int) {
        self.count = count
    }

    /// A loop listens, or failed.
    func report(_ failure: SystemFailure?) {
        if let failure { self.failure.withLock { $0 = failure } }
        reports.signal()
    }

    /// Returns when every loop has reported.
    func wait() -> SystemFailure? {
        for _ in 0..<count { reports.wait() }
        return failure.withLock { $0 }
    }
}
