/// What comes back after each end, compared with what was promised.
internal import Primitives
internal import Storage

extension StorageWorld {
    struct Entry: Equatable {
        let position: UInt64
        let body: [UInt8]
    }

    /// What a recovery found.
    struct Finding: Equatable {
        var snapshotPosition: UInt64
        var chunks: [[UInt8]] = []
        var entries: [Entry] = []
        var lastPosition: UInt64 = 0
        var continuity = Continuity.fresh
    }

    var bootID: BootID { BootID("boot-\(boot)") }

    func read() throws -> (Recovery, Finding) {
        let recovery = try Recovery(folder, bootID: bootID)
        var finding = Finding(snapshotPosition: recovery.snapshotPosition)
        try recovery.forEachChunk { finding.chunks.append(array($0)) }
        try recovery.forEachRecord { finding.entries.append(Entry(position: $0, body: array($1))) }
        finding.lastPosition = recovery.lastPosition
        finding.continuity = recovery.continuity
        return (recovery, finding)
    }

    private func array(_ bytes: Span<UInt8>) -> [UInt8] { bytes.withUnsafeBufferPointer { Array($0) } }

    /// Recovers and goes on, or fails in between.
    func recover() throws {
        let (_, first) = try read()
        let (recovery, finding) = try read()
        note(
            "recovered \(finding.snapshotPosition), \(finding.lastPosition), \(finding.continuity) in \(folder.fileNames)"
        )
        try require(first == finding, "two recoveries differ")
        try check(finding)
        truth.cut(at: finding.lastPosition)
        truth.writtenThrough = finding.lastPosition
        if truth.isPowerCut { truth.syncedThrough = finding.lastPosition }
        truth.isPowerCut = false
        mode = SyncMode.allCases.randomElement(using: &random) ?? .always
        let options = JournalOptions(
            mode: mode, segmentByteCount: Self.segmentByteCount, bootID: bootID, makeSalt: makeSalt())
        journal = try Journal(after: recovery, options)
        openedAt = finding.lastPosition
        truth.syncedThrough = finding.lastPosition
        if finding.continuity == .shortened { truth.beginEpoch() }
    }

    private func makeSalt() -> @Sendable () -> UInt64 {
        let salts = Monitor(SeededGenerator(seed: random.next()))
        return { salts.withLock { $0.next() } }
    }

    func check(_ finding: Finding) throws {
        let last = finding.lastPosition
        try require(last <= truth.lastPosition, "\(last) came back, \(truth.lastPosition) were appended")
        try checkContents(of: finding)
        let floor = truth.isPowerCut ? truth.syncedThrough : truth.writtenThrough
        try require(last >= floor, "\(last) came back, \(floor) were promised")
        if finding.continuity == .whole || finding.continuity == .fresh {
            try require(
                !truth.isRelied(beyond: last), "\(finding.continuity) up to \(last), and something is lost")
        }
    }

    /// What is there is what was appended, without a hole.
    func checkContents(of finding: Finding) throws {
        if finding.snapshotPosition > 0 {
            try require(
                truth.hasSnapshot(of: finding.chunks, at: finding.snapshotPosition),
                "another snapshot than was written")
        }
        var expected = truth
        expected.cut(at: finding.lastPosition)
        try require(
            finding.entries == expected.entries(after: finding.snapshotPosition),
            "other records than were appended")
    }
}
