/// A JSON body of many updates, read a few of them at a time: to read and publish one takes a microsecond.
internal import Access
internal import Broker
internal import Primitives

final class LargeBody {
    private let text: ByteBuffer
    /// How far it has been read.
    private var position: Int
    private(set) var batch = UpdateBatch()

    /// Takes `text`, unless it is no array.
    init?(_ text: inout ByteBuffer) throws(Problem) {
        guard let position = try UpdateReader.begin(body: text.unsafeBytes.span) else { return nil }
        self.position = position
        var taken = ByteBuffer()
        swap(&taken, &text)
        self.text = taken
    }

    var heldByteCount: Int { text.capacity + batch.byteCount }

    /// Reads a part; returns whether it was the last one.
    func readOn(for principal: Principal, _ work: Workspace) throws(Problem) -> Bool {
        let first = batch.count
        let isWhole = try UpdateReader.read(
            work.partCount, of: text.unsafeBytes.span, at: &position, into: &batch)
        try work.demandPublishing(batch, from: first, by: principal)
        return isWhole
    }

    func takeBatch(under key: PublishKey?) -> UpdateBatch {
        var taken = UpdateBatch()
        swap(&taken, &batch)
        taken.key = key
        return taken
    }
}
