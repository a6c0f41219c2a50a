/// A mutex that the thread sanitizer sees: when `Synchronization.Mutex` has to wait, the kernel hands it over, and the
/// library that asks the kernel is built without the sanitizer, which then takes the next owner's accesses for races.
/// Compiled into a module it stands in front of the other, by name.
internal import Glibc

struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Unchecked: the value is reached under the lock alone.
    private let handle: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    init(_ initial: consuming sending Value) {
        handle = .allocate(capacity: 1)
        pthread_mutex_init(handle, nil)
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(handle)
        handle.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(handle)
        defer { pthread_mutex_unlock(handle) }
        return try body(&value.pointee)
    }
}
