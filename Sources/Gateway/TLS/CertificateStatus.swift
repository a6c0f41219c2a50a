/// What is known of the certificates in use, for `/metrics`.
internal import Primitives
internal import Synchronization

/// Any thread.
final class CertificateStatus: Sendable {
    struct Known: Sendable, Equatable {
        let file: String
        let end: UnixTime
    }

    let known = Mutex<[Known]>([])
    /// How often changed files were taken, and refused.
    let takenCount = Atomic<Int>(0)
    let refusedCount = Atomic<Int>(0)
}
