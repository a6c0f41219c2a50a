/// A segment as a recovery finds it.
internal import Primitives

struct LogSegment {
    let number: UInt64
    let file: any StoredFile
    let byteCount: Int
    let header: FileHeader
    /// Its first record is whole. Only then does the segment count for those before it.
    let isBegun: Bool
    /// Records from here on are stale: an earlier recovery has cut them, and a later segment has their positions.
    var positionLimit: UInt64 = .max

    var name: String { FileName.segment(number: number).text }
    var firstPosition: UInt64 { header.firstPosition }

    /// All segments of a folder that have a sound header and something that is not stale, oldest first.
    static func all(_ numbers: [UInt64], in folder: any StorageFolder) throws(StorageFailure) -> [LogSegment]
    {
        var segments: [LogSegment] = []
        for number in numbers.sorted() {
            if let segment = try LogSegment(number: number, in: folder) { segments.append(segment) }
        }
        var limit = UInt64.max
        for index in segments.indices.reversed() {
            segments[index].positionLimit = limit
            if segments[index].isBegun { limit = min(limit, segments[index].firstPosition) }
        }
        return segments.filter { $0.firstPosition < $0.positionLimit }
    }

    private init?(number: UInt64, in folder: any StorageFolder) throws(StorageFailure) {
        let name = FileName.segment(number: number).text
        file = try folder.open(name)
        switch try file.header(.segment, number: number) {
        case .header(let header): self.header = header
        case .none: return nil
        case .newerFormat(let found):
            throw .newerFormat(path: "\(folder.path)/\(name)", found: found, known: FileHeader.format)
        }
        self.number = number
        byteCount = try file.byteCount()
        guard case .record(let record) = try RecordReader(file, header.checksum).read() else {
            isBegun = false
            return
        }
        isBegun = record.position == header.firstPosition
    }
}
