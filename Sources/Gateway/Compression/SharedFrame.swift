/// A compressed batch as the frame that every subscriber of the same batch is sent.
internal import Broker
internal import Primitives

/// The updates are known by where they lie. That is no name for ever: memory is used again. But what is allocated
/// anew reaches the replica only with a new sequence number, so as long as that stands, one place is one update.
final class SharedFrame {
    private var windowBits = 0
    private var sequence: UInt64 = 0
    private var cursor: UInt64?
    /// The cursor is written with it.
    private var epoch: Epoch?
    private var updates: [UnsafeBufferPointer<UInt8>] = []
    /// The whole frame, and how many bytes the message has uncompressed.
    private(set) var frame = ByteBuffer()
    private(set) var plainByteCount = 0

    /// Whether the frame says what `batch` says, to a client with this window.
    func serves(_ batch: borrowing Batch, at sequence: UInt64, of epoch: Epoch, windowBits: Int) -> Bool {
        guard self.sequence == sequence, self.epoch == epoch, self.windowBits == windowBits,
            cursor == batch.cursorOfUpdates,
            updates.count == batch.entries.count
        else { return false }
        for index in updates.indices
        where updates[index].baseAddress != batch.entries[index].bytes.baseAddress { return false }
        return true
    }

    func remember(
        _ frame: UnsafeBufferPointer<UInt8>, of batch: borrowing Batch, at sequence: UInt64, of epoch: Epoch,
        windowBits: Int, plainByteCount: Int
    ) {
        self.windowBits = windowBits
        self.sequence = sequence
        self.epoch = epoch
        self.plainByteCount = plainByteCount
        cursor = batch.cursorOfUpdates
        updates.removeAll(keepingCapacity: true)
        for entry in batch.entries { updates.append(entry.bytes) }
        self.frame.removeAll()
        self.frame.append(frame)
    }
}
