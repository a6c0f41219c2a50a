/// A thread for one object that is created, lives and ends on it.
internal import CLinux
internal import Glibc

package final class LoopThread: @unchecked Sendable {
    // Unchecked: `handle` is written once, before any other thread can see the object.
    private var handle = pthread_t()

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    /// Starts `body`. `top -H` shows `name`, cut to 15 bytes.
    package init(name: String, _ body: sending @escaping () -> Void) throws(SystemFailure) {
        let context = Unmanaged.passRetained(Body(body))
        let status = pthread_create(
            &handle, nil,
            { context in
                Unmanaged<Body>.fromOpaque(context.unsafelyUnwrapped).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            throw SystemFailure("pthread_create", status)
        }
        pthread_setname_np(handle, String(name.utf8.prefix(15)) ?? "loop")
    }

    /// Waits until the thread has ended. Call it once.
    package func join() {
        pthread_join(handle, nil)
    }
}
