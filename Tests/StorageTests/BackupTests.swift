import Foundation
import Primitives
import StorageSimulation
import Testing

/// Copies of folders, most of them while a gateway works there.
@testable import Broker
@testable import Storage

@Suite struct BackupTests {
    private static let segmentByteCount = JournalOptions.minimumSegmentByteCount

    /// All that was answered before is in it, nothing is in it that was not in the log, and nothing is missing between.
    @Test(arguments: 1...300 as ClosedRange<UInt64>) func aRunningGatewaysCopyIsOfOneMoment(seed: UInt64)
        throws
    {
        let world = try JournalWorld(seed: seed)
        for _ in 0..<60 { try world.publishOrWork() }
        world.settle()
        let before = world.opened.log.sequencer.sequence
        let source = BusyFolder(world.folder)
        var random = SeededGenerator(seed: seed)
        var left = Int.random(in: 0...400, using: &random)
        source.meanwhile = {
            guard left > 0, Bool.random(using: &random) else { return }
            left -= 1
            do { try world.publishOrWork() } catch { Issue.record("seed \(seed): \(error)") }
        }
        let target = SimulatedFolder(seed: seed + 1000)
        let backup = try Backup(of: source, to: target, segmentByteCount: Self.segmentByteCount)
        source.meanwhile = {}
        #expect(backup.isOfRunningGateway)
        world.settle()
        try world.checkCopy(target, after: before)
    }

    /// Between two reads all that it began with has become something else. With `never` no mark tells what should be there, and in files
    /// that were used before no zeros do.
    @Test(arguments: 1...60 as ClosedRange<UInt64>) func itBeginsAgainWhereFilesWereUsedAgain(seed: UInt64)
        throws
    {
        let world = try JournalWorld(seed: seed, mode: .never)
        for _ in 0..<300 { try world.publishOrWork() }
        world.settle()
        let before = world.opened.log.sequencer.sequence
        let source = BusyFolder(world.folder)
        var callsLeft = Int(seed % 30)
        source.meanwhile = {
            callsLeft -= 1
            guard callsLeft == 0 else { return }
            do {
                for _ in 0..<500 { try world.publishOrWork() }
            } catch { Issue.record("seed \(seed): \(error)") }
        }
        let target = SimulatedFolder(seed: seed + 1000)
        _ = try Backup(of: source, to: target, segmentByteCount: Self.segmentByteCount)
        source.meanwhile = {}
        world.settle()
        try world.checkCopy(target, after: before)
    }

    @Test func aCopyBeginsAnEpochThatHonoursCursorsUpToIt() throws {
        let world = try JournalWorld(seed: 5, mode: .always)
        for number in 1...5 { try world.publish([("a/1", "\(number)")]) }
        world.settle()
        let target = SimulatedFolder(seed: 6)
        _ = try Backup(of: world.folder, to: target, segmentByteCount: Self.segmentByteCount)
        for number in 6...9 { try world.publish([("a/1", "\(number)")]) }
        world.settle()
        // The same machine, and the same boot: nothing but the copy says that its numbers are others' from here on.
        let opened = try JournalWorld.open(target, boot: 1, at: world.now)
        let former = opened.log.sequencer.lineage.former
        #expect(opened.log.sequencer.epoch != world.opened.log.sequencer.epoch)
        #expect(former.map(\.survived) == [5])
        #expect(former.map(\.epoch) == [world.opened.log.sequencer.epoch])
    }

    /// A copy that has lost its end is not taken for one that was shorter.
    @Test func aCopyThatIsNotWholeIsDamaged() throws {
        let world = try JournalWorld(seed: 5, mode: .never, snapshotByteCount: 1 << 20)
        for number in 1...5 { try world.publish([("a/1", "\(number)")]) }
        world.settle()
        let target = SimulatedFolder(seed: 6)
        _ = try Backup(of: world.folder, to: target, segmentByteCount: Self.segmentByteCount)
        target.flip("journal-000000000001.tgj", at: FileHeader.blockByteCount + 4 * 80, bit: 1)
        let failure = #expect(throws: StorageFailure.self) {
            _ = try JournalWorld.open(target, boot: 1, at: world.now)
        }
        #expect(failure?.isDamage == true)
    }

    /// In the middle of what a gateway has written something is gone: the copy would end there.
    @Test func damageBeneathARunningGatewayIsNoEnd() throws {
        for mode in SyncMode.allCases {
            let world = try JournalWorld(seed: 5, mode: mode, snapshotByteCount: 1 << 20)
            for number in 1...50 { try world.publish([("a/1", "\(number)")]) }
            world.settle()
            world.folder.flip("journal-000000000001.tgj", at: FileHeader.blockByteCount + 20 * 80, bit: 1)
            #expect(throws: StorageFailure.self) {
                _ = try Backup(
                    of: world.folder, to: SimulatedFolder(seed: 6), segmentByteCount: Self.segmentByteCount)
            }
        }
    }

    @Test func whereNothingIsKeptThereIsNothingToCopy() throws {
        #expect(throws: StorageFailure.nothingKept(path: "disk")) {
            _ = try Backup(
                of: SimulatedFolder(seed: 1), to: SimulatedFolder(seed: 2),
                segmentByteCount: Self.segmentByteCount)
        }
    }

    @Test func aCopyOnTheDiskGetsItsNameWhenItIsWhole() throws {
        let (stage, place) = (try DiskStage(), try DiskStage())
        try stage.journal().keep([1, 2, 3], [4])
        let target = place.path("copy").path
        #expect(throws: StorageFailure.notEmpty(path: place.location.path, name: "x")) {
            _ = try place.folder.create("x", byteCount: 0)
            _ = try Backup(ofFolderAt: stage.location.path, at: place.location.path) { _ in }
        }
        // A copy that was killed in the middle has left something.
        let unfinished = try DiskFolder(path: target + ".unfinished")
        _ = try unfinished.create("state-000000000009.tgs", byteCount: 10)
        let backup = try Backup(ofFolderAt: stage.location.path, at: target) { _ in }
        #expect(backup.entryCount == 2 && !backup.isOfRunningGateway)
        #expect(try place.names == ["copy", "x"])
        #expect(throws: StorageFailure.self) {
            _ = try Backup(ofFolderAt: stage.location.path, at: target) { _ in }
        }
        #expect(try place.names == ["copy", "x"])
        #expect(throws: StorageFailure.nothingKept(path: try DiskFolder(path: place.path("new").path).path)) {
            _ = try Backup(ofFolderAt: place.path("new").path, at: place.path("other").path) { _ in }
        }
        #expect(try place.names == ["copy", "new", "x"])
    }
}
