/// A value that threads share: one at a time reaches it, and each may wait until it is as that one wants it.
internal import Glibc

/// Any thread that may wait.
public final class Monitor<State: ~Copyable>: @unchecked Sendable {
    // Unchecked: `init` makes the three objects, nothing moves them, `deinit` destroys them, and the state is reached under
    // the mutex alone.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)

    public init(_ state: consuming sending State) {
        self.state.initialize(to: state)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // The clock of `Instant`: a change of the machine's date neither wakes nor delays anybody.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        state.deinitialize(count: 1)
        state.deallocate()
        changed.deallocate()
        mutex.deallocate()
    }

    /// Reaches the state. Whoever waits for it looks at it again; where nobody does, the kernel is not called.
    public func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body(&state.pointee)
    }

    /// Waits until the state `isWanted`, and reaches it then; nil if `deadline` came first.
    public func when<Result>(
        _ isWanted: (borrowing State) -> Bool, by deadline: Instant, then body: (inout State) -> Result
    ) -> Result? {
        var time = deadline.kernelTime
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        while !isWanted(state.pointee) {
            guard pthread_cond_timedwait(changed, mutex, &time) != ETIMEDOUT || isWanted(state.pointee) else {
                return nil
            }
        }
        return body(&state.pointee)
    }

    /// Waits until the state `isWanted`, but not beyond `deadline`; whether it was.
    public func wait(until deadline: Instant, for isWanted: (borrowing State) -> Bool) -> Bool {
        when(isWanted, by: deadline, then: { _ in }) != nil
    }
}
