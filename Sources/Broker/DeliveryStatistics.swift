/// How updates reach their readers, as one loop counts it: how long it takes, and how much a snapshot is.
package import Primitives

/// Times are in microseconds. The loop's thread records, any thread reads.
package final class DeliveryStatistics: Sendable {
    /// How long a reader's first untold change has waited when the reader is sent what it lacks.
    package let wait = Histogram()
    /// How old each delivered value is when it is sent: less than the wait where newer values replaced older ones.
    package let age = Histogram()

    /// How many topics a subscription had to be sent at its beginning.
    package let snapshots = Histogram()

    package init() {}
}
