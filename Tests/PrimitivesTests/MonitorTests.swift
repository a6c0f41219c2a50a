import Foundation
import Primitives
import Testing

@Suite struct MonitorTests {
    @Test func whoWaitsIsWokenByTheChangeItWants() {
        let monitor = Monitor(0)
        Thread.detachNewThread { for _ in 0..<10 { monitor.withLock { $0 += 1 } } }
        let seen = monitor.when(
            { $0 == 10 }, by: .now() + .seconds(30),
            then: { value in
                defer { value = -1 }
                return value
            })
        #expect(seen == 10 && monitor.withLock { $0 } == -1)
    }

    /// What one changes after its wait wakes the other.
    @Test func waitsFollowEachOther() {
        let monitor = Monitor(0)
        let done = DispatchSemaphore(value: 0)
        for remainder in 0...1 {
            Thread.detachNewThread {
                for _ in 0..<100 {
                    _ = monitor.when({ $0 % 2 == remainder }, by: .never, then: { $0 += 1 })
                }
                done.signal()
            }
        }
        for _ in 0...1 { #expect(done.wait(timeout: .now() + 30) == .success) }
        #expect(monitor.withLock { $0 } == 200)
    }

    @Test func aWaitEndsAtItsDeadline() {
        let monitor = Monitor(false)
        #expect(!monitor.wait(until: .now() + .milliseconds(1)) { $0 })
        #expect(monitor.wait(until: Instant(nanoseconds: 0)) { !$0 })
    }
}
