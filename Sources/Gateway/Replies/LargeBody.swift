/// A JSON body of many updates, read a few of them at a time: to read and publish one takes a microsecond.
internal import Broker
internal import Primitives

final class LargeBody {
    private let text: ByteBuffer
    private var progress: UpdateReader.Progress
    private(set) var batch = UpdateBatch()

    /// Takes `text`, unless it is no array.
    init?(_ text: inout ByteBuffer) throws(Problem) {
        guard let progress = try UpdateReader.begin(body: text.unsafeBytes.span) else { return nil }
        self.progress = progress
        var taken = ByteBuffer()
        swap(&taken, &text)
        self.text = taken
    }

    var heldByteCount: Int { text.capacity + batch.byteCount }

    /// Reads a part; returns whether it was the last one.
    func readOn(for principal: Principal, _ work: Workspace) throws(Problem) -> Bool {
        let first = batch.count
        let isWhole = try UpdateReader.read(
            work.partCount, of: text.unsafeBytes.span, &progress, into: &batch)
        try principal.demandPublishing(batch, from: first)
        return isWhole
    }

    func takeBatch() -> UpdateBatch {
        var taken = UpdateBatch()
        swap(&taken, &batch)
        return taken
    }
}
