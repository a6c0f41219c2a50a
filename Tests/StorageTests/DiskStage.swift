/// A folder of the real file system for one test, and what a gateway does with it.
import Foundation

@testable import Storage

final class DiskStage {
    static let segmentByteCount = JournalOptions.minimumSegmentByteCount
    /// Three of these fill a segment.
    static let thirdByteCount = 2600

    let location = FileManager.default.temporaryDirectory.appendingPathComponent("tidegate-\(UUID())")
    let folder: DiskFolder

    init() throws {
        folder = try DiskFolder(path: location.path)
    }

    deinit {
        try? FileManager.default.removeItem(at: location)
    }

    /// What a recovery found.
    struct Found {
        let recovery: Recovery
        var chunks: [[UInt8]] = []
        var records: [UInt64: [UInt8]] = [:]
        var positions: [UInt64] { records.keys.sorted() }
    }

    func recover(boot: String = "first") throws -> Found {
        var found = Found(recovery: try Recovery(folder, bootID: BootID(boot)))
        try found.recovery.forEachChunk { chunk in found.chunks.append(chunk.array) }
        try found.recovery.forEachRecord { position, body in found.records[position] = body.array }
        return found
    }

    func journal(_ mode: SyncMode = .always, boot: String = "first") throws -> Journal {
        let journal = try Journal(
            after: try recover(boot: boot).recovery,
            JournalOptions(mode: mode, segmentByteCount: Self.segmentByteCount, bootID: BootID(boot)))
        try journal.makeSpare()
        return journal
    }

    /// A record of a third of a segment.
    static func third(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: thirdByteCount) }

    var names: [String] {
        get throws { try folder.names().sorted() }
    }

    // MARK: Damage

    func path(_ name: String) -> URL { location.appendingPathComponent(name) }

    func contents(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: path(name))) }

    func flip(_ name: String, at offset: Int) throws {
        var bytes = try contents(name)
        bytes[offset] ^= 0x10
        try Data(bytes).write(to: path(name))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: path(name)) }
}

extension Span<UInt8> {
    var array: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}

extension Journal {
    /// Appends bodies, with a spare wherever one is needed, and writes them; with `sync` they are safe as well.
    func keep(_ bodies: [UInt8]..., sync: Bool = true) throws {
        for body in bodies {
            if Journal.framedByteCount(body.count) > roomLeft { try makeSpare(for: body.count) }
            _ = try append(body.span)
        }
        try write()
        if sync { try self.sync() }
    }

    /// Writes a snapshot of one piece at the last position that is written.
    func snapshot(_ chunk: [UInt8]) throws {
        guard let pending = try beginSnapshot(at: writtenThrough) else { return }
        let writer = try SnapshotWriter(pending)
        try writer.append(chunk.span)
        finish(try writer.finish())
    }
}
