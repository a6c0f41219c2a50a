/// How long updates take from their acceptance to their readers, as one loop counts it.
package import Primitives

/// In microseconds. The loop's thread records, any thread reads.
package final class DeliveryDelays: Sendable {
    /// How long a reader's first untold change has waited when the reader is sent what it lacks.
    package let wait = Histogram()
    /// How old each delivered value is when it is sent: less than the wait where newer values replaced older ones.
    package let age = Histogram()

    package init() {}
}
