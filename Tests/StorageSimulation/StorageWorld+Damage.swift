/// A bit that changes by itself: what was safe is missed, and nothing is made up.
internal import Primitives
internal import Storage

extension StorageWorld {
    /// Ends the world with a journal that is safe, changes one bit of one file, and recovers.
    func damage() throws {
        let floor = try becomeSafe()
        let names = folder.fileNames.filter { $0 != "lock" }
        guard let name = names.randomElement(using: &random) else { return }
        let byteCount = folder.contents(of: name).count
        guard byteCount > 0 else { return }
        let offset = Int.random(in: 0..<byteCount, using: &random)
        note("a bit of \(name) changes at \(offset); \(floor) are safe")
        folder.flip(name, at: offset, bit: .random(in: 0..<8, using: &random))
        do {
            let (_, finding) = try read()
            try checkContents(of: finding)
            try require(
                finding.lastPosition >= floor,
                "\(finding.lastPosition) of \(floor) came back, and nobody was told")
        } catch let failure as StorageFailure {
            note("\(failure)")
            guard case .damaged(let path, let place, _) = failure else { throw failure }
            try require(path == "\(folder.path)/\(name)", "\(path) is blamed for \(name)")
            try require(place <= offset, "the damage is at \(offset), and told at \(place)")
            try repair()
        }
    }

    /// Writes some records and makes them safe, and then two that say so. Returns up to where all must be there.
    private func becomeSafe() throws -> UInt64 {
        folder.forgetFaults()
        endLife()
        folder.kill()
        try recover()
        guard let journal else { throw Failure(description: "nothing was recovered") }
        for _ in 0..<Int.random(in: 1..<8, using: &random) { try append(to: journal) }
        try journal.write()
        try journal.sync()
        let floor = journal.syncedThrough
        for _ in 0..<2 { try append(to: journal) }
        try journal.write()
        try journal.sync()
        endLife()
        folder.cutPower()
        boot += 1
        return floor
    }

    /// A repair cuts at the damage, and the next recovery says so; then all goes on.
    private func repair() throws {
        let repair = try Repair(folder, salt: random.next())
        try require(repair.damage != nil, "a repair finds nothing")
        truth.cut(at: repair.lastPosition)
        // The cut has a position too.
        truth.lastPosition += 1
        let (_, finding) = try read()
        try checkContents(of: finding)
        try require(finding.lastPosition == truth.lastPosition, "the cut is at \(finding.lastPosition)")
        try require(finding.continuity == .shortened, "after a repair: \(finding.continuity)")
        truth.isPowerCut = false
        truth.writtenThrough = 0
        truth.syncedThrough = 0
        try recover()
        guard let journal else { throw Failure(description: "nothing was recovered") }
        try append(to: journal)
        try journal.write()
        try journal.close()
        // The end, too.
        truth.lastPosition += 1
        let (_, last) = try read()
        try checkContents(of: last)
        try require(last.lastPosition == truth.lastPosition, "\(last.lastPosition) came back after a repair")
        try require(last.continuity == .whole, "after a repair and a clean end: \(last.continuity)")
    }
}
