import Broker
import Foundation
import StorageSimulation
import Testing

@testable import Storage

@Suite struct JournalTests {
    private let stage: DiskStage

    init() throws {
        stage = try DiskStage()
    }

    private static func simulated(_ mode: SyncMode = .always) throws -> (SimulatedFolder, Journal) {
        let folder = SimulatedFolder(seed: 1)
        let recovery = try Recovery(folder, bootID: BootID("first"))
        try recovery.forEachRecord { _, _ in }
        let options = JournalOptions(
            mode: mode, segmentByteCount: DiskStage.segmentByteCount, bootID: BootID("first"))
        let journal = try Journal(after: recovery, options)
        try journal.makeSpare()
        return (folder, journal)
    }

    // MARK: Writing

    @Test func whatIsWrittenComesBack() throws {
        let journal = try stage.journal()
        #expect(try journal.append([1, 2, 3].span) == 1)
        #expect(try journal.append([UInt8]().span) == 2)
        #expect(journal.writtenThrough == 0 && journal.bufferedByteCount > 0)
        try journal.write()
        #expect(journal.writtenThrough == 2 && journal.syncedThrough == 0 && journal.bufferedByteCount == 0)
        try journal.sync()
        #expect(journal.syncedThrough == 2)
        let found = try stage.recover()
        #expect(found.records == [1: [1, 2, 3], 2: []])
        #expect(found.recovery.lastPosition == 2 && found.recovery.continuity == .whole)
    }

    /// A segment without a record does not count, so none may ever be there.
    @Test func aHeaderIsWrittenWithItsFirstRecord() throws {
        let (folder, journal) = try Self.simulated()
        let before = folder.callCount
        _ = try journal.append([1].span)
        #expect(folder.callCount == before)
        try journal.write()
        #expect(folder.callCount == before + 1)
    }

    /// Otherwise the loss of all of a run could look like the end of the one before.
    @Test(arguments: [SyncMode.interval, .never]) func theFirstWriteOfARunIsSafe(mode: SyncMode) throws {
        let (folder, journal) = try Self.simulated(mode)
        let before = folder.syncCount
        try journal.keep([1], sync: false)
        #expect(folder.syncCount == before + 1)
        try journal.keep([2], sync: false)
        #expect(folder.syncCount == before + 1)
    }

    @Test func fullSegmentsAreFollowedByOthers() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1), DiskStage.third(2), DiskStage.third(3))
        #expect(journal.roomLeft < DiskStage.thirdByteCount && journal.needsSpare)
        #expect(throws: StorageFailure.noRoom(byteCount: 2600)) {
            try journal.append(DiskStage.third(4).span)
        }
        try journal.makeSpare()
        #expect(!journal.needsSpare && journal.roomLeft >= 3 * DiskStage.thirdByteCount)
        try journal.keep(DiskStage.third(4))
        try journal.close()
        #expect(try stage.names == ["journal-000000000001.tgj", "journal-000000000002.tgj"])
        #expect(try stage.recover().positions == [1, 2, 3, 4])
    }

    /// Whatever the sizes are, records of `roomLeft` bytes find room.
    @Test func roomIsPromisedAndThere() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1))
        try journal.makeSpare()
        var left = journal.roomLeft
        while left >= Journal.framedByteCount(1000) {
            _ = try journal.append([UInt8](repeating: 0, count: 1000).span)
            left -= Journal.framedByteCount(1000)
        }
        try journal.close()
    }

    @Test func aFullSegmentHasAPlaceForTheEnd() throws {
        let journal = try stage.journal()
        try journal.keep([UInt8](repeating: 1, count: journal.roomLeft - RecordHeader.byteCount))
        #expect(journal.roomLeft == 0)
        try journal.close()
        #expect(try stage.contents("journal-000000000001.tgj").count == DiskStage.segmentByteCount)
        #expect(try stage.recover(boot: "second").recovery.lastPosition == 2)
    }

    @Test func aLargeRecordGetsALargeSegment() throws {
        let journal = try stage.journal()
        let large = [UInt8](repeating: 7, count: 3 * DiskStage.segmentByteCount)
        #expect(throws: StorageFailure.noRoom(byteCount: large.count)) { try journal.append(large.span) }
        try journal.keep([1], large, [2])
        try journal.close()
        #expect(try stage.recover().records == [1: [1], 2: large, 3: [2]])
    }

    @Test func aRecordBeyondTheFormatIsRefused() throws {
        let journal = try stage.journal()
        let limit = RecordHeader.bodyByteCountLimit
        let huge = [UInt8](repeating: 7, count: limit + 1)
        #expect(throws: StorageFailure.tooLarge(byteCount: limit + 1, limit: limit)) {
            try journal.append(huge.span)
        }
        #expect(throws: StorageFailure.tooLarge(byteCount: limit + 1, limit: limit)) {
            try journal.beginSpare(for: limit + 1)
        }
    }

    @Test func aRunGoesOnBehindTheLast() throws {
        try stage.journal().keep([1], [2])
        let second = try stage.journal()
        #expect(second.lastPosition == 2 && second.syncedThrough == 2)
        try second.keep([3])
        try second.close()
        let found = try stage.recover(boot: "second")
        // The end has the fourth position.
        #expect(found.positions == [1, 2, 3] && found.recovery.lastPosition == 4)
        #expect(found.recovery.continuity == .whole)
    }

    // MARK: Syncing

    @Test func aSyncCoversWhatWasWrittenWhenItBegan() throws {
        let journal = try stage.journal()
        #expect(try journal.beginSync() == nil)
        try journal.keep(DiskStage.third(1), DiskStage.third(2), sync: false)
        try journal.keep(DiskStage.third(3), DiskStage.third(4), sync: false)
        let sync = try #require(try journal.beginSync())
        // Both segments, the full one and the current one.
        #expect(sync.files.count == 2 && sync.through == 4)
        #expect(try journal.beginSync() == nil)
        try journal.keep([5], sync: false)
        try journal.finish(sync, sync.run())
        #expect(journal.syncedThrough == 4 && journal.writtenThrough == 5)
        try journal.sync()
        #expect(journal.syncedThrough == 5)
    }

    @Test func aSyncThatFailsIsTheEnd() throws {
        let (folder, journal) = try Self.simulated()
        try journal.keep([1], sync: false)
        folder.fail(after: 0, with: .error(EIO))
        let reason = try #require(#expect(throws: StorageFailure.self) { try journal.sync() })
        #expect(journal.death == reason)
        let calls = folder.callCount
        #expect(throws: reason) { try journal.sync() }
        #expect(throws: reason) { try journal.write() }
        #expect(throws: reason) { try journal.append([2].span) }
        #expect(throws: reason) { try journal.beginSpare() }
        #expect(throws: reason) { try journal.beginSnapshot(at: 1) }
        #expect(throws: reason) { try journal.close() }
        #expect(folder.callCount == calls)
    }

    // MARK: A full disk

    @Test func aWriteThatFindsNoSpaceIsMadeAgain() throws {
        let (folder, journal) = try Self.simulated()
        try journal.keep([1])
        for body in [[2], [3, 3]] as [[UInt8]] { _ = try journal.append(body.span) }
        for _ in 0..<3 {
            folder.fail(after: 0, with: .error(ENOSPC))
            let failure = #expect(throws: StorageFailure.self) { try journal.write() }
            #expect(failure?.isFullDisk == true && journal.death == nil && journal.writtenThrough == 1)
        }
        try journal.write()
        #expect(journal.writtenThrough == 3)
        folder.kill()
        let recovery = try Recovery(folder, bootID: BootID("first"))
        var bodies: [[UInt8]] = []
        try recovery.forEachRecord { bodies.append($1.array) }
        #expect(bodies == [[1], [2], [3, 3]])
    }

    @Test func anotherFailureOfAWriteIsTheEnd() throws {
        let (folder, journal) = try Self.simulated()
        _ = try journal.append([1].span)
        folder.fail(after: 0, with: .error(EIO))
        let reason = try #require(#expect(throws: StorageFailure.self) { try journal.write() })
        #expect(throws: reason) { try journal.write() }
    }

    @Test func aSpareThatFindsNoSpaceHarmsNothing() throws {
        let (folder, journal) = try Self.simulated()
        try journal.keep(DiskStage.third(1))
        folder.fail(after: 0, with: .error(ENOSPC))
        #expect(throws: StorageFailure.self) { try journal.makeSpare() }
        #expect(journal.death == nil && journal.needsSpare)
        try journal.keep(DiskStage.third(2))
        try journal.makeSpare()
        #expect(!journal.needsSpare)
    }

    // MARK: Snapshots

    @Test func twoSnapshotsAreKeptAndTheLogBehindTheOlder() throws {
        let journal = try stage.journal()
        for number in 1...4 as ClosedRange<UInt8> {
            try journal.keep(DiskStage.third(number), DiskStage.third(number), DiskStage.third(number))
            try journal.snapshot([number])
        }
        // The third waits to be used again, as those before it were.
        #expect(
            try stage.names == [
                "journal-000000000003.tgj", "journal-000000000004.tgj", "state-000000000009.tgs",
                "state-000000000012.tgs",
            ])
        #expect(journal.byteCountSinceSnapshot == 0)
        let found = try stage.recover()
        #expect(found.recovery.snapshotPosition == 12 && found.chunks == [[4]] && found.records == [:])
        #expect(found.recovery.continuity == .whole)
        #expect(found.recovery.progress.fraction == 1)
    }

    @Test func aCoveredSegmentIsUsedAgain() throws {
        let journal = try stage.journal()
        for number in 1...3 as ClosedRange<UInt8> {
            try journal.keep(DiskStage.third(number), DiskStage.third(number), DiskStage.third(number))
            try journal.snapshot([number])
        }
        try journal.makeSpare()
        // The second segment's file has become the fourth, with what it held, and the first's the third before.
        #expect(try stage.contents("journal-000000000004.tgj")[FileHeader.blockByteCount + 100] == 2)
        #expect(
            try stage.names.filter { $0.hasPrefix("journal") }
                == ["journal-000000000003.tgj", "journal-000000000004.tgj"])
        // What is behind its own records is no tail that was torn.
        try journal.keep(DiskStage.third(9))
        let found = try stage.recover()
        #expect(found.records == [10: DiskStage.third(9)] && found.recovery.cutByteCount == 0)
    }

    /// What the older snapshot needs is made safe too when a journal is opened: nobody else would do it.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func theOlderSnapshotCanBeReliedOn(seed: UInt64) throws {
        let folder = SimulatedFolder(seed: seed)
        func open() throws -> (Recovery, Journal) {
            let recovery = try Recovery(folder, bootID: BootID("first"))
            try recovery.forEachRecord { _, _ in }
            let options = JournalOptions(
                mode: .never, segmentByteCount: DiskStage.segmentByteCount, bootID: BootID("first"))
            return (recovery, try Journal(after: recovery, options))
        }
        let (_, journal) = try open()
        for number in 1...8 as ClosedRange<UInt8> {
            try journal.keep(DiskStage.third(number), sync: false)
            if number == 2 || number == 8 { try journal.snapshot([number]) }
        }
        folder.kill()
        _ = try open()
        folder.cutPower()
        folder.flip("state-000000000008.tgs", at: FileHeader.blockByteCount, bit: 0)
        let (recovery, _) = try open()
        #expect(recovery.snapshotPosition == 2 && recovery.lastPosition == 8)
    }

    @Test func bytesOnTheDiskAreCounted() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1), DiskStage.third(2), DiskStage.third(3), DiskStage.third(4))
        try journal.snapshot([1, 2, 3])
        try journal.keep([5])
        try journal.makeSpare()
        let byteCount = try stage.names.reduce(0) { try $0 + stage.contents($1).count }
        #expect(journal.byteCountOnDisk == byteCount)
        #expect(journal.byteCountSinceSnapshot == Journal.framedByteCount(1))
    }

    /// Its header would say of another run's records how this one syncs.
    @Test func aRunSnapshotsItsOwnRecords() throws {
        try stage.journal(.interval).keep([1])
        let journal = try stage.journal(.always, boot: "second")
        #expect(try journal.beginSnapshot(at: 1) == nil)
        try journal.keep([2])
        #expect(try journal.beginSnapshot(at: 1) == nil)
        #expect(try journal.beginSnapshot(at: 2) != nil)
    }

    @Test func anAbandonedSnapshotLeavesNothing() throws {
        let journal = try stage.journal()
        try journal.keep([1])
        let pending = try #require(try journal.beginSnapshot(at: 1))
        #expect(try journal.beginSnapshot(at: 1) == nil)
        let writer = try SnapshotWriter(pending)
        try writer.append([1].span)
        try writer.abandon()
        journal.abandonSnapshot()
        #expect(try stage.names == ["journal-000000000001.tgj"])
        try journal.snapshot([2])
        #expect(try stage.recover().chunks == [[2]])
    }
}
