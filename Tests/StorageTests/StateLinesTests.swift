import Primitives
import StorageSimulation
import Testing

/// What is kept as lines, and lines that are taken in.
@testable import Broker
@testable import Storage

@Suite struct StateLinesTests {
    private let now = Instant(nanoseconds: 1 << 60)
    private let time = UnixTime(milliseconds: 1_764_000_000_000)

    private func opened(
        _ folder: SimulatedFolder, _ rules: Sequencer.Retention = .init(), after passed: UInt64 = 0
    ) throws -> StateImport {
        try StateImport(
            into: folder, rules: rules, segmentByteCount: JournalOptions.minimumSegmentByteCount,
            bootID: BootID("boot"), epoch: Epoch("first"),
            time: UnixTime(milliseconds: time.milliseconds + passed), at: now + Interval(milliseconds: passed)
        )
    }

    private func lines(of folder: SimulatedFolder, after passed: UInt64 = 0) throws -> [String] {
        let now = now + Interval(milliseconds: passed)
        let state = try KeptState(
            reading: folder, bootID: BootID("boot"), epoch: Epoch("none"),
            time: UnixTime(milliseconds: time.milliseconds + passed), at: now)
        var text = ByteBuffer()
        var lineCount = 0
        try state.forEachPieceOfLines(at: now) { piece, count in
            text.append(piece.unsafeBytes)
            piece.removeAll()
            lineCount += count
        }
        let lines = String(decoding: text.unsafeBytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.count == lineCount)
        return lines
    }

    private func append(
        _ updates: [(String, String?)], to target: StateImport, at moment: UInt64? = nil,
        lasting seconds: UInt64? = nil
    ) throws {
        var batch = UpdateBatch()
        var options = UpdateOptions()
        options.moment = moment.map { UnixTime(milliseconds: $0) }
        if let seconds { options.timeToLive = TimeToLive(Interval(milliseconds: seconds * 1000)) }
        for (name, data) in updates {
            if let data {
                try batch.append(
                    topic: Array(name.utf8).span, data: Array(data.utf8).span, options: options)
            } else {
                try batch.append(tombstoneOf: Array(name.utf8).span)
            }
        }
        try target.append(batch, time: time, at: now)
    }

    private var logRules: Sequencer.Retention {
        get throws {
            var rules = Sequencer.Retention()
            rules.logs = [(try TopicPattern("log/**"), 3)]
            return rules
        }
    }

    @Test func linesSayWhatPublishersSaid() throws {
        let folder = SimulatedFolder(seed: 1)
        let target = try opened(folder, logRules)
        try append([("a", "1"), ("b", "2"), ("a", "[3]"), ("q\"\\é", "{\"topic\":\"x\"}")], to: target)
        try append([("b", nil), ("at", "4")], to: target, at: 77)
        try append([("log/a", "1"), ("log/a", "2"), ("log/a", nil), ("log/a", "3")], to: target)
        try append([("log/b", "1"), ("log/b", nil)], to: target)
        try target.close()
        #expect(
            try lines(of: folder) == [
                #"{"topic":"a","data":[3]}"#, #"{"topic":"q\"\\é","data":{"topic":"x"}}"#,
                #"{"topic":"at","at":77,"data":4}"#, #"{"topic":"log/a","data":2}"#,
                #"{"topic":"log/a","deleted":true}"#, #"{"topic":"log/a","data":3}"#,
            ])
    }

    @Test func aLifetimeIsWhatIsLeftOfIt() throws {
        let folder = SimulatedFolder(seed: 1)
        let target = try opened(folder, logRules)
        try append([("a", "1"), ("log/a", "1"), ("log/a", "2")], to: target, lasting: 16)
        try append([("b", "1")], to: target, lasting: 320)
        try append([("year", "1")], to: target, lasting: 31_536_000)
        try target.close()
        let left = try lines(of: folder, after: 8)
        #expect(
            left == [
                #"{"topic":"a","ttl":15.992,"data":1}"#, #"{"topic":"log/a","data":1}"#,
                #"{"topic":"log/a","ttl":15.992,"data":2}"#, #"{"topic":"b","ttl":319.992,"data":1}"#,
                #"{"topic":"year","ttl":31536000.000,"data":1}"#,
            ])
        #expect(try lines(of: folder, after: 16_000).first == #"{"topic":"b","ttl":304.000,"data":1}"#)
    }

    @Test func aFolderKeepsItsRulesAndItsEpoch() throws {
        let folder = SimulatedFolder(seed: 1)
        let first = try opened(folder, logRules)
        try append([("log/a", "1"), ("log/a", "2")], to: first)
        try first.close()
        folder.kill()
        let second = try opened(folder, Sequencer.Retention(), after: 1000)
        #expect(second.report.topicCount == 1 && second.report.continuity == .whole)
        try append([("log/a", "3")], to: second)
        try second.close()
        folder.kill()
        #expect(
            try lines(of: folder) == (1...3).map { "{\"topic\":\"log/a\",\"data\":\($0)}" })
    }

    /// What was appended is safe; what is torn in the middle of it is no epoch of its own for the readers of before.
    @Test func aPowerCutLeavesWhatWasAppended() throws {
        for cuts in 0..<40 {
            let folder = SimulatedFolder(seed: UInt64(cuts))
            let target = try opened(folder)
            folder.fail(after: cuts, with: .error(5))
            var safe = 0
            do {
                for number in 1...20 {
                    try append([("a/\(number)", String(repeating: "1", count: 900))], to: target)
                    safe = number
                }
            } catch is StorageFailure {}
            folder.cutPower()
            folder.forgetFaults()
            let count = safe == 0 ? 0 : try lines(of: folder).count
            #expect(count >= safe && count <= safe + 1)
        }
    }

    @Test func aGatewayKeepsOthersOut() throws {
        let folder = SimulatedFolder(seed: 1)
        let target = try opened(folder)
        try append([("a", "1")], to: target)
        #expect(throws: StorageFailure.self) { _ = try opened(folder) }
        let report = try report(on: folder)
        #expect(report.holder != nil && report.state == nil && report.failure == nil)
        try target.close()
    }

    private func report(on folder: SimulatedFolder) throws -> FolderReport {
        try FolderReport(of: folder, bootID: BootID("boot"), epoch: Epoch("none"), time: time, at: now)
    }

    @Test func aReportSaysWhatAStartWouldDo() throws {
        let folder = SimulatedFolder(seed: 1)
        #expect(try report(on: folder).state == nil)
        do {
            let target = try opened(folder)
            try append([("a", "1"), ("b", "1"), ("a", nil)], to: target)
            try target.close()
        }
        let whole = try report(on: folder)
        #expect(whole.state?.continuity == .whole && whole.state?.lineage.current == Epoch("first"))
        #expect(
            whole.state?.topicCount == 1 && whole.state?.lastSequence == 3 && whole.state?.entryCount == 3)
        #expect(whole.segments.map(\.firstPosition) == [1] && whole.snapshots.isEmpty)
        #expect(whole.byteCount == JournalOptions.minimumSegmentByteCount)
        folder.flip("journal-000000000001.tgj", at: FileHeader.blockByteCount + 40, bit: 0)
        let damaged = try report(on: folder)
        #expect(damaged.failure?.isDamage == true && damaged.state == nil)
    }
}
