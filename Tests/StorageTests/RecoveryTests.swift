import Broker
import Foundation
import Primitives
import Testing

@testable import Storage

@Suite struct RecoveryTests {
    private let stage: DiskStage
    private static let segment = "journal-000000000001.tgj"
    private static let start = FileHeader.blockByteCount
    private static let framed = Journal.framedByteCount(DiskStage.thirdByteCount)

    init() throws {
        stage = try DiskStage()
    }

    // MARK: Continuity

    @Test func anEmptyFolderIsFresh() throws {
        #expect(try stage.recover().recovery.continuity == .fresh)
        _ = try stage.journal()
        #expect(try stage.recover().recovery.continuity == .fresh)
    }

    @Test(arguments: [
        (SyncMode.always, "first", false, Continuity.whole), (.interval, "first", false, .whole),
        (.never, "first", false, .whole), (.always, "second", false, .whole),
        (.interval, "second", false, .shortened),
        (.never, "second", false, .shortened), (.interval, "second", true, .whole),
        (.never, "second", true, .whole),
    ])
    func lossIsToldByModeAndBoot(mode: SyncMode, boot: String, isClosed: Bool, expected: Continuity) throws {
        let journal = try stage.journal(mode)
        try journal.keep([1])
        if isClosed { try journal.close() }
        #expect(try stage.recover(boot: boot).recovery.continuity == expected)
    }

    /// What came back from another boot may be less than readers have seen, until a new epoch stands in the log.
    @Test func lossIsToldUntilARecordFollows() throws {
        try stage.journal(.interval).keep([1])
        try stage.journal(.interval, boot: "second").close()
        #expect(try stage.recover(boot: "second").recovery.continuity == .shortened)
        try stage.journal(.interval, boot: "second").keep([2])
        #expect(try stage.recover(boot: "second").recovery.continuity == .whole)
    }

    /// The last run's segments are gone, and what is left of the log is of a run that lost nothing.
    @Test func aSnapshotTellsOfItsRun() throws {
        try stage.journal(.always).keep([1])
        let journal = try stage.journal(.never)
        try journal.keep([2], [3])
        try journal.snapshot([30])
        try stage.remove("journal-000000000002.tgj")
        let found = try stage.recover(boot: "second")
        #expect(found.recovery.lastPosition == 3 && found.recovery.continuity == .shortened)
        #expect(try stage.recover(boot: "first").recovery.continuity == .whole)
    }

    @Test func progressRisesToOne() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1), DiskStage.third(2))
        try journal.snapshot([UInt8](repeating: 1, count: 100_000))
        try journal.keep(DiskStage.third(3), DiskStage.third(4))
        let progress = RestoreProgress()
        #expect(progress.fraction == 0)
        let recovery = try Recovery(stage.folder, bootID: BootID("first"), progress: progress)
        var seen = [progress.fraction]
        try recovery.forEachChunk { _ in seen.append(progress.fraction) }
        try recovery.forEachRecord { _, _ in seen.append(progress.fraction) }
        #expect(seen.count == 4 && seen == seen.sorted() && seen[0] > 0 && seen[3] < 1)
        #expect(progress.fraction == 1)
    }

    // MARK: Torn tails

    @Test func aTornTailIsCut() throws {
        let journal = try stage.journal()
        try journal.keep([1])
        try journal.keep([2], sync: false)
        try journal.keep([3, 3], sync: false)
        try stage.flip(Self.segment, at: Self.start + 3 * 40 - 8)
        let found = try stage.recover()
        #expect(found.positions == [1, 2] && found.recovery.cutByteCount == 40)
        // It is not there for the next one.
        let next = try stage.journal()
        #expect(next.lastPosition == 2)
        try next.keep([4])
        #expect(try stage.contents(Self.segment).count == Self.start + 80)
        let last = try stage.recover()
        #expect(last.records == [1: [1], 2: [2], 3: [4]] && last.recovery.cutByteCount == 0)
    }

    /// After a power cut any of the sectors that were not synced may be there.
    @Test func wholeRecordsBehindABadOneAreNoDamageIfNothingWasSafe() throws {
        let journal = try stage.journal(.never)
        try journal.keep([1], sync: false)
        for number in 2...5 as ClosedRange<UInt8> { try journal.keep([number], sync: false) }
        try stage.flip(Self.segment, at: Self.start + 40 + 4)
        let found = try stage.recover(boot: "second")
        #expect(found.positions == [1] && found.recovery.continuity == .shortened)
        #expect(found.recovery.cutByteCount == 160)
    }

    // MARK: Damage

    @Test(arguments: [0, 9, 31, 32, 40]) func damageBelowAMarkIsRefused(place: Int) throws {
        let journal = try stage.journal()
        for number in 1...4 as ClosedRange<UInt8> { try journal.keep([UInt8](repeating: number, count: 32)) }
        try stage.flip(Self.segment, at: Self.start + 64 + place)
        let failure = try #require(#expect(throws: StorageFailure.self) { _ = try stage.recover() })
        #expect(
            failure.description
                == "\(stage.location.path)/\(Self.segment) is damaged at byte \(Self.start + 64): record 2 is not whole, "
                + "but up to record 3 all was safe; \"tidegate state repair\" cuts there")
        // Nothing was changed.
        #expect(throws: failure) { _ = try stage.recover() }
    }

    @Test func aSegmentThatIsMissingIsDamage() throws {
        try fillThreeSegments()
        try stage.remove("journal-000000000002.tgj")
        let failure = try #require(#expect(throws: StorageFailure.self) { _ = try stage.recover() })
        #expect(
            failure.description
                == "\(stage.location.path)/\(Self.segment) is damaged at byte \(Self.start + 3 * Self.framed): record 4 is "
                + "not whole, but up to record 8 all was safe; \"tidegate state repair\" cuts there")
    }

    @Test func aLogThatBeginsTooLateIsDamage() throws {
        try fillThreeSegments()
        try stage.remove(Self.segment)
        let failure = try #require(#expect(throws: StorageFailure.self) { _ = try stage.recover() })
        #expect(
            failure.description
                == "\(stage.location.path)/journal-000000000002.tgj is damaged at byte \(Self.start): its records begin "
                + "at 4, and the file of record 1 is missing; \"tidegate state repair\" cuts there")
    }

    /// Nothing was safe, so no mark says that something is missing; but a file does not go by itself.
    @Test func aMissingFileIsDamageWithoutAMark() throws {
        let journal = try stage.journal(.never)
        for number in 1...9 as ClosedRange<UInt8> { try journal.keep(DiskStage.third(number), sync: false) }
        try stage.remove("journal-000000000002.tgj")
        let failure = #expect(throws: StorageFailure.self) { _ = try stage.recover(boot: "second") }
        guard case .damaged(let path, _, let reason) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(path.hasSuffix("journal-000000000003.tgj") && reason.contains("missing"))
    }

    private func fillThreeSegments() throws {
        let journal = try stage.journal()
        for number in 1...9 as ClosedRange<UInt8> { try journal.keep(DiskStage.third(number)) }
    }

    @Test func aNewerFormatIsRefusedNamingBoth() throws {
        try stage.journal().keep([1])
        var bytes = try stage.contents(Self.segment)
        for offset in FileHeader.copyOffsets { bytes[offset + 8] = 2 }
        try Data(bytes).write(to: stage.path(Self.segment))
        let failure = #expect(throws: StorageFailure.self) { _ = try stage.recover() }
        #expect(
            failure == .newerFormat(path: "\(stage.location.path)/\(Self.segment)", found: 2, known: 1))
    }

    @Test func filesOfOthersAreLeftAlone() throws {
        try Data("notes".utf8).write(to: stage.path("notes.txt"))
        try Data("?".utf8).write(to: stage.path("state-000000000009.tgs.tmp"))
        try stage.journal().keep([1])
        #expect(try stage.names == [Self.segment, "notes.txt"])
    }

    /// A record that is whole, in a place where another one should be.
    @Test func positionsThatJumpEndTheLog() throws {
        let header = FileHeader(
            kind: .segment, mode: .always, number: 1, firstPosition: 1, syncedThrough: 0, salt: 1,
            bootID: BootID("first"), isRecycled: false)
        var bytes = ByteBuffer()
        header.write(into: &bytes)
        for position in [1, 2, 4, 5] as [UInt64] {
            RecordHeader.write(.entry, position: position, syncedThrough: 0, header.checksum, into: &bytes)
        }
        try Data(bytes.array).write(to: stage.path(Self.segment))
        let found = try stage.recover()
        #expect(found.positions == [1, 2] && found.recovery.cutByteCount == 64)
    }

    // MARK: Stale records

    /// The second run has cut what the first left behind the flipped bit, and its record has that position.
    @Test func recordsThatWereCutStayCut() throws {
        let journal = try stage.journal(.never)
        for number in 1...4 as ClosedRange<UInt8> { try journal.keep([number], sync: false) }
        let before = try stage.contents(Self.segment)
        try stage.flip(Self.segment, at: Self.start + 40 + 32)
        try stage.journal(.never, boot: "second").keep([9])
        #expect(try stage.recover(boot: "second").records == [1: [1], 2: [9]])
        // As if the truncation had not reached the disk, and the bit had changed back.
        try Data(before).write(to: stage.path(Self.segment))
        #expect(try stage.recover(boot: "second").records == [1: [1], 2: [9]])
    }

    /// Header and first record are written together; a power cut may leave the one without the other.
    @Test func aSegmentWithoutARecordDoesNotCount() throws {
        let journal = try stage.journal()
        try journal.keep([1], [2], [3])
        let header = FileHeader(
            kind: .segment, mode: .never, number: 2, firstPosition: 2, syncedThrough: 1, salt: 1,
            bootID: BootID("second"), isRecycled: false)
        var block = ByteBuffer()
        header.write(into: &block)
        try Data(block.array).write(to: stage.path("journal-000000000002.tgj"))
        let found = try stage.recover()
        #expect(found.positions == [1, 2, 3] && found.recovery.continuity == .whole)
    }

    // MARK: Snapshots

    @Test func aDamagedSnapshotIsReplacedByTheOneBefore() throws {
        let journal = try stage.journal()
        try journal.keep([1])
        try journal.snapshot([10])
        try journal.keep([2])
        try journal.snapshot([20])
        try journal.keep([3])
        try stage.flip("state-000000000002.tgs", at: Self.start + 32)
        let found = try stage.recover()
        #expect(found.chunks == [[10]] && found.records == [2: [2], 3: [3]])
        #expect(found.recovery.continuity == .whole && found.recovery.notes.count == 1)
        #expect(
            found.recovery.notes.first?.contains("state-000000000002.tgs is damaged at byte 8192") == true)
        // The next snapshot stands on the one that is whole.
        let next = try stage.journal()
        try next.keep([4])
        try next.snapshot([40])
        #expect(
            try stage.names.filter { $0.hasPrefix("state") } == [
                "state-000000000001.tgs", "state-000000000004.tgs",
            ])
    }

    @Test func aDamagedSnapshotWithoutItsLogIsDamage() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1), DiskStage.third(2), DiskStage.third(3))
        try journal.snapshot([10])
        try journal.keep(DiskStage.third(4))
        try journal.snapshot([20])
        try stage.flip("state-000000000003.tgs", at: Self.start + 32)
        try stage.flip("state-000000000004.tgs", at: Self.start + 32)
        try stage.remove(Self.segment)
        let failure = #expect(throws: StorageFailure.self) { _ = try stage.recover() }
        guard case .damaged(let path, let offset, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(path.hasSuffix("state-000000000004.tgs") && offset == Self.start)
    }

    @Test func aSnapshotWithoutItsEndIsNotWhole() throws {
        let journal = try stage.journal()
        try journal.keep([1])
        try journal.snapshot([10])
        var bytes = try stage.contents("state-000000000001.tgs")
        bytes.removeLast(RecordHeader.byteCount)
        try Data(bytes).write(to: stage.path("state-000000000001.tgs"))
        let found = try stage.recover()
        #expect(found.chunks.isEmpty && found.records == [1: [1]] && found.recovery.notes.count == 1)
    }

    // MARK: Repair

    @Test func aRepairCutsAndSaysSo() throws {
        try fillThreeSegments()
        try stage.flip("journal-000000000002.tgj", at: Self.start + Self.framed + 100)
        let repair = try Repair(stage.folder)
        #expect(repair.damage?.isDamage == true && repair.lastPosition == 4)
        // The fifth and sixth record, and the next segment's three with their headers.
        #expect(repair.cutByteCount == 5 * Self.framed)
        let found = try stage.recover()
        #expect(found.positions == [1, 2, 3, 4] && found.recovery.continuity == .shortened)
        let again = try Repair(stage.folder)
        #expect(again.damage == nil && again.lastPosition == 5)
        let next = try stage.journal()
        try next.keep([9])
        let last = try stage.recover()
        #expect(last.positions == [1, 2, 3, 4, 6] && last.recovery.continuity == .whole)
    }

    @Test func aRepairChangesNothingThatIsWhole() throws {
        try stage.journal().keep([1], [2])
        let before = try stage.names
        #expect(try Repair(stage.folder).damage == nil)
        #expect(try stage.names == before)
        #expect(try stage.recover().recovery.continuity == .whole)
    }

    @Test func aRepairWithoutAnySnapshotBeginsWithNothing() throws {
        let journal = try stage.journal()
        try journal.keep(DiskStage.third(1), DiskStage.third(2), DiskStage.third(3), DiskStage.third(4))
        try journal.snapshot([10])
        try stage.flip("state-000000000004.tgs", at: Self.start + 32)
        try stage.remove(Self.segment)
        #expect(try Repair(stage.folder).lastPosition == 0)
        let found = try stage.recover()
        #expect(found.positions.isEmpty && found.recovery.continuity == .shortened)
        #expect(try stage.names.allSatisfy { !$0.hasPrefix("state") })
    }
}
