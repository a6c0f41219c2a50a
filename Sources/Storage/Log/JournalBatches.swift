/// Entries on their way, one behind the other in one buffer.
internal import Broker
internal import Primitives

struct JournalBatches: ~Copyable {
    private var bytes = ByteBuffer()
    private var waiting = Queue<JournalIntake.Waiting>()

    var isEmpty: Bool { waiting.isEmpty }

    /// The first entry. Valid until something changes.
    var first: UnsafeBufferPointer<UInt8>? {
        waiting.first.map { UnsafeBufferPointer(rebasing: bytes.unsafeBytes[..<$0.byteCount]) }
    }

    /// What belongs to the first entry, of which there must be one.
    var firstWaiting: JournalIntake.Waiting {
        guard let first = waiting.first else { preconditionFailure("no entry is on its way") }
        return first
    }

    mutating func removeFirst() {
        guard let first = waiting.popFirst() else { return }
        bytes.consume(first.byteCount)
    }

    /// Moves the first entry of `other` to the end.
    mutating func take(_ other: inout JournalBatches) {
        guard let first = other.first else { return }
        bytes.append(first)
        waiting.append(other.firstWaiting)
        other.removeFirst()
    }

    /// Takes all of an intake, and leaves it the memory. There must be nothing in here.
    mutating func exchange(with intake: inout JournalIntake) {
        swap(&bytes, &intake.bytes)
        waiting.append(contentsOf: intake.waiting)
        intake.waiting.removeAll(keepingCapacity: true)
    }

    /// Appends a batch that nobody waits for.
    mutating func append(_ batch: borrowing UpdateBatch, at moment: LogEntry.Moment) {
        let before = bytes.count
        LogEntry.write(batch, at: moment, to: &bytes)
        waiting.append(.init(byteCount: bytes.count - before, reserved: 0, ticket: nil))
    }
}
