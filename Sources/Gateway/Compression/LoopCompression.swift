/// The compressors that the WebSocket connections of one loop share.
internal import Broker
internal import Primitives
internal import WebSocket

/// Owned by the loop's thread. Nothing here grows with the number of connections; what nobody agreed to is not
/// made.
final class LoopCompression {
    /// Batches remembered at a time: groups of subscribers with different topics take turns within one turn.
    private static let frameCount = 16

    private let settings: CompressionSettings
    private let statistics: LoopStatistics
    private let clock: Clock
    /// For messages that lie whole in what was read, of clients that keep no history.
    private(set) lazy var inflater = Inflater()
    /// By window bits, from 8.
    private var deflaters = [Deflater?](repeating: nil, count: 8)
    private var frames = [SharedFrame?](repeating: nil, count: frameCount)
    private var budget: CompressionBudget
    private var plain = ByteBuffer()
    private var frame = ByteBuffer()

    init(_ settings: CompressionSettings, _ statistics: LoopStatistics, _ clock: Clock = .system) {
        self.settings = settings
        self.statistics = statistics
        self.clock = clock
        budget = CompressionBudget(share: settings.mode == .auto ? settings.timeShare : 1)
    }

    /// Whether a message of such a size is worth it.
    func isWorthwhile(_ byteCount: Int) -> Bool { byteCount >= settings.minimumByteCount }

    /// Appends a whole message, compressed if it was agreed on and is worth it.
    func append(
        _ opcode: Opcode, _ message: Span<UInt8>, _ compression: MessageCompression, now: Instant,
        to output: inout ByteBuffer
    ) {
        guard isWorthwhile(message.count), let deflater = deflater(for: compression), budget.allows(at: now)
        else {
            output.append(frame: opcode, payload: message)
            return
        }
        compress(opcode, message, deflater)
        count(sent: frame.count, insteadOf: message.count)
        output.append(frame.unsafeBytes)
    }

    /// Appends the `updates` message of a batch that is worth it. `write` writes the message as it is.
    ///
    /// - Parameters:
    ///   - sequence: the replica's, by which a batch is known again.
    ///   - epoch: of the cursor in the message.
    func append(
        _ batch: borrowing Batch, at sequence: UInt64, of epoch: Epoch, _ compression: MessageCompression,
        now: Instant, to output: inout ByteBuffer, write: (inout ByteBuffer) -> Void
    ) {
        var slot: Int?
        if case .shared(let windowBits) = compression {
            let place = place(of: batch, windowBits)
            if let known = frames[place], known.serves(batch, at: sequence, of: epoch, windowBits: windowBits)
            {
                count(sent: known.frame.count, insteadOf: known.plainByteCount)
                output.append(known.frame.unsafeBytes)
                return
            }
            slot = place
        }
        plain.removeAll()
        write(&plain)
        guard let deflater = deflater(for: compression), budget.allows(at: now) else {
            statistics.add(.compressionsSkipped)
            output.append(frame: .text, payload: plain.unsafeBytes.span)
            return
        }
        compress(.text, plain.unsafeBytes.span, deflater)
        count(sent: frame.count, insteadOf: plain.count)
        output.append(frame.unsafeBytes)
        guard let slot else { return }
        let shared = frames[slot] ?? SharedFrame()
        frames[slot] = shared
        shared.remember(
            frame.unsafeBytes, of: batch, at: sequence, of: epoch, windowBits: deflater.windowBits,
            plainByteCount: plain.count)
    }

    /// Leaves the frame in `frame`. It stays compressed though it be larger: no JSON of a worthwhile size is.
    private func compress(_ opcode: Opcode, _ message: Span<UInt8>, _ deflater: Deflater) {
        let began = clock.now()
        frame.removeAll()
        let start = frame.beginFrame(expectedByteCount: message.count / 4)
        deflater.compress(message, into: &frame)
        frame.endFrame(start, opcode: opcode, isCompressed: true)
        budget.spend(clock.now().since(began))
        statistics.add(.compressions)
    }

    private func count(sent: Int, insteadOf plainByteCount: Int) {
        statistics.add(.compressedMessages)
        statistics.add(.savedBytes, plainByteCount - sent)
    }

    private func deflater(for compression: MessageCompression) -> Deflater? {
        switch compression {
        case .none: return nil
        case .own(let deflater): return deflater
        case .shared(let windowBits):
            if let deflater = deflaters[windowBits - 8] { return deflater }
            let deflater = Deflater(windowBits: windowBits, keepsContext: false, level: settings.level)
            deflaters[windowBits - 8] = deflater
            return deflater
        }
    }

    private func place(of batch: borrowing Batch, _ windowBits: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(windowBits)
        hasher.combine(batch.cursor)
        hasher.combine(batch.entries.count)
        hasher.combine(batch.entries.first?.bytes.baseAddress)
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(Self.frameCount))
    }
}
