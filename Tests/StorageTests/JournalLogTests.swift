import Glibc
import Primitives
import StorageSimulation
import Testing

/// Updates from publishers to readers by way of a journal, over kills, power cuts and full disks.
@testable import Broker
@testable import Storage

@Suite struct JournalLogTests {
    /// `TIDEGATE_SEED` is in the failure.
    @Test(arguments: 1...300 as ClosedRange<UInt64>) func whatWasAnsweredIsKept(seed: UInt64) throws {
        let world = try JournalWorld(seed: seed)
        do {
            for _ in 0..<150 { try world.step() }
            try world.restart(cuttingPower: false)
        } catch {
            Issue.record("seed \(seed), mode \(world.settings.mode): \(error)")
        }
    }

    @Test func nobodySeesAndNobodyIsToldBeforeItIsSafe() throws {
        for mode in SyncMode.allCases {
            let world = try JournalWorld(seed: 1, mode: mode)
            try world.publish([("a", "1")])
            #expect(world.answers.isEmpty && world.look().isEmpty)
            world.folder.fail(after: 0, with: .error(EIO))
            world.work.step(time: world.clock.time, at: world.now)
            #expect(world.look().isEmpty && world.work.isOver)
            #expect(world.answers == [.failure(.unavailable(reason: "its journal has failed"))])
            #expect(world.opened.log.refusal == .unavailable(reason: "its journal has failed"))
        }
    }

    @Test func aFullDiskRefusesUntilItHasRoom() throws {
        let world = try JournalWorld(seed: 1, mode: .interval)
        world.settle()
        try world.publish([("a", "1")])
        world.folder.fail(after: 0, with: .error(ENOSPC))
        world.work.step(time: world.clock.time, at: world.now)
        #expect(world.notices.count == 1 && world.opened.log.refusal != nil && !world.work.isOver)
        #expect(throws: PublishFailure.unavailable(reason: "its disk is full")) {
            try world.publish([("b", "1")])
        }
        world.clock.advance(by: .milliseconds(1000))
        world.settle()
        #expect(world.notices.count == 2 && world.opened.log.refusal == nil)
        try world.publish([("b", "1")])
        world.settle()
        #expect(world.opened.log.sequencer.topicCount == 2 && world.answers.count == 2)
    }

    /// What has no room is refused; what has is kept, and answered when it could be written.
    @Test func whatHasNoRoomIsRefused() throws {
        let world = try JournalWorld(seed: 1, mode: .always)
        world.settle()
        let value = "\"" + String(repeating: "x", count: 4000) + "\""
        for number in 0..<8 { try world.publish([("a/\(number)", value)]) }
        world.folder.fail(after: 0, with: .error(ENOSPC))
        world.work.step(time: world.clock.time, at: world.now)
        let refused = world.answers.count
        #expect(refused > 0 && world.opened.log.sequencer.topicCount == 0)
        world.clock.advance(by: .milliseconds(1000))
        world.settle()
        #expect(world.answers.count == 8 && world.opened.log.sequencer.topicCount == 8 - refused)
        #expect(
            world.answers.prefix(refused).allSatisfy {
                $0 == .failure(.unavailable(reason: "its disk is full"))
            })
    }

    @Test func aTopicEndsByTheClockOfTheLog() throws {
        let world = try JournalWorld(seed: 3, mode: .always)
        try world.publish([("a", "1")], lasting: Interval(milliseconds: 5000))
        world.settle()
        try world.restart(cuttingPower: false)
        #expect(world.opened.log.sequencer.topicCount == 1)
        world.clock.advance(by: .milliseconds(5100))
        world.settle()
        #expect(world.opened.log.sequencer.topicCount == 0)
        #expect(world.look().contains { $0.hasSuffix("\"deleted\":true,\"expired\":true}") })
        try world.restart(cuttingPower: true)
        #expect(world.opened.log.sequencer.sequence == 2)
    }

    @Test func otherRulesHoldFromTheNextStartOn() throws {
        let world = try JournalWorld(seed: 4, mode: .always)
        for version in 1...6 { try world.publish([("log/a", "\(version)")]) }
        world.settle()
        world.rules.logs = [(try TopicPattern("log/**"), 2)]
        world.rules.tombstoneLimit = 0
        try world.restart(cuttingPower: false)
        #expect(world.present().count == 2)
        try world.publish([("log/a", nil), ("log/a", "7")])
        world.settle()
        try world.restart(cuttingPower: false)
        #expect(
            world.opened.log.sequencer.sequence == 8
                && world.present().last?.contains("\"version\":8") == true)
    }

    @Test func figuresSayWhatIsThere() throws {
        let world = try JournalWorld(seed: 1, mode: .interval)
        func figures() throws -> LogFigures { try #require(world.opened.log.figures) }
        // A header is as many bytes as make a snapshot in this world.
        let time = world.clock.time
        world.work.step(time: time, at: world.now)
        #expect(try figures().snapshotBegan == world.now && figures().snapshotTime == nil)
        world.settle()
        let before = try figures()
        #expect(before.snapshots == 1 && before.snapshotTime == time && before.snapshotBegan == nil)
        #expect(before.snapshotBytes > 8192 && before.segments == 2 && before.unsyncedRecords == 0)
        #expect(before.diskBytes == 2 * world.settings.segmentByteCount + before.snapshotBytes)
        try world.publish([("a", "1")])
        world.work.step(time: world.clock.time, at: world.now)
        #expect(try figures().appendedRecords == before.appendedRecords + 1)
        #expect(try figures().unsyncedRecords == 1 && figures().appendedBytes > before.appendedBytes)
        world.clock.advance(by: .milliseconds(1000))
        world.settle()
        #expect(try figures().unsyncedRecords == 0 && figures().syncs.count == before.syncs.count + 1)
        try world.publish([("a", "2")])
        world.folder.fail(after: 0, with: .error(ENOSPC))
        world.work.step(time: world.clock.time, at: world.now)
        #expect(try figures().refusingSince == world.clock.time)
        world.clock.advance(by: .milliseconds(1000))
        world.settle()
        #expect(try figures().refusingSince == nil)
        try world.restart(cuttingPower: false)
        #expect(try figures().snapshotTime == time && figures().snapshots == 1)
    }

    /// The log has all that a snapshot would say.
    @Test func theEndWaitsForNoSnapshot() throws {
        let world = try JournalWorld(seed: 1, mode: .interval)
        try world.publish([("a", "1")])
        world.work.step(time: world.clock.time, at: world.now)
        let before = try #require(world.opened.log.figures)
        #expect(before.snapshotBegan != nil)
        world.opened.log.close()
        world.work.step(time: world.clock.time, at: world.now)
        world.settle()
        #expect(world.work.isOver && world.notices.isEmpty && world.opened.log.figures?.snapshots == 0)
        #expect(!world.folder.fileNames.contains { $0.hasPrefix("state-") })
        try world.restart(cuttingPower: false)
        #expect(world.present().count == 1)
    }

    @Test func nobodyWaitsAtTheEndForAFullDisk() throws {
        let world = try JournalWorld(seed: 6, mode: .interval)
        world.settle()
        try world.publish([("a", "1")])
        for call in 0..<2 { world.folder.fail(after: call, with: .error(ENOSPC)) }
        world.work.step(time: world.clock.time, at: world.now)
        world.opened.log.close()
        world.settle()
        #expect(
            world.work.isOver && world.answers == [.failure(.unavailable(reason: "its journal has failed"))])
    }

    /// What the system could not make safe it may call safe the next time.
    @Test func aSyncThatFailsIsTheEndWhateverItsReason() throws {
        let world = try JournalWorld(seed: 7, mode: .always)
        world.settle()
        try world.publish([("a", "1")])
        world.folder.fail(after: 1, with: .error(ENOSPC))
        world.work.step(time: world.clock.time, at: world.now)
        #expect(world.work.isOver && world.opened.log.sequencer.topicCount == 0)
    }

    @Test func whatWaitsAtTheEndIsKept() throws {
        let world = try JournalWorld(seed: 5, mode: .never)
        try world.publish([("a", "1")])
        world.opened.log.close()
        world.settle()
        #expect(world.work.isOver && world.answers.count == 1)
        #expect(throws: PublishFailure.self) { try world.publish([("b", "1")]) }
        try world.restart(cuttingPower: true)
        #expect(world.opened.log.sequencer.topicCount == 1)
        #expect(world.opened.report.continuity == .whole)
    }
}
