/// A file's contents: what a process sees, and what a power cut leaves.
internal import Primitives

struct SimulatedInode {
    static let sectorByteCount = 512

    /// What reads see.
    private(set) var bytes: [UInt8]
    /// What is on the disk for certain.
    private var safe: [UInt8] = []
    /// Sectors that may differ on the disk.
    private var dirty: Set<Int> = []
    /// Sectors that a failed sync has left behind: the system takes them for written, whatever the disk has.
    private var forgotten: Set<Int> = []

    init(byteCount: Int) {
        bytes = [UInt8](repeating: 0, count: byteCount)
    }

    mutating func write(_ source: some Collection<UInt8>, at offset: Int, _ random: inout SeededGenerator) {
        guard !source.isEmpty else { return }
        let end = offset + source.count
        let sectors = offset / Self.sectorByteCount...(end - 1) / Self.sectorByteCount
        // The system may have written what was there before, at any moment.
        for sector in sectors where dirty.contains(sector) && Bool.random(using: &random) {
            writeBack(sector)
        }
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(offset..<end, with: source)
        dirty.formUnion(sectors)
        forgotten.subtract(sectors)
    }

    mutating func truncate(to byteCount: Int) {
        if byteCount < bytes.count {
            bytes.removeLast(bytes.count - byteCount)
        } else {
            bytes += [UInt8](repeating: 0, count: byteCount - bytes.count)
        }
    }

    mutating func sync() {
        let before = safe
        safe = bytes
        for sector in forgotten {
            let range = self.range(sector).clamped(to: 0..<bytes.count)
            safe.replaceSubrange(range, with: Self.fitted(before, bytes.count)[range])
        }
        dirty = []
    }

    /// A sync that fails has written some sectors and forgets the others.
    mutating func failSync(_ random: inout SeededGenerator) {
        for sector in dirty.sorted() where Bool.random(using: &random) { writeBack(sector) }
        forgotten.formUnion(dirty)
        dirty = []
    }

    /// Changes a bit for good.
    mutating func flip(_ offset: Int, bit: Int) {
        bytes[offset] ^= 1 << UInt8(bit)
        if offset < safe.count { safe[offset] = bytes[offset] }
    }

    // MARK: A power cut

    /// Leaves of each sector that was not synced the old contents, the new, a beginning of the new, or zeros in place of what was
    /// new. Bytes that the new contents do not change stay: SQLite calls that powersafe overwrite, and every log that goes on
    /// within a sector relies on it (docs/journal-format.md).
    mutating func cutPower(_ random: inout SeededGenerator) {
        let byteCount = Bool.random(using: &random) ? bytes.count : safe.count
        var left = Self.fitted(safe, byteCount)
        let new = Self.fitted(bytes, byteCount)
        for sector in dirty.union(forgotten).sorted() {
            let range = self.range(sector).clamped(to: 0..<byteCount)
            let fate = Int.random(in: 0..<4, using: &random)
            let torn = range.lowerBound + Int.random(in: 0...range.count, using: &random)
            for index in range where left[index] != new[index] {
                switch fate {
                case 0: left[index] = new[index]
                case 1 where index < torn: left[index] = new[index]
                case 2: left[index] = 0
                default: break
                }
            }
        }
        bytes = left
        safe = left
        dirty = []
        forgotten = []
    }

    private func range(_ sector: Int) -> Range<Int> {
        sector * Self.sectorByteCount..<(sector + 1) * Self.sectorByteCount
    }

    private mutating func writeBack(_ sector: Int) {
        let range = self.range(sector).clamped(to: 0..<bytes.count)
        if safe.count < range.upperBound { safe = Self.fitted(safe, range.upperBound) }
        safe.replaceSubrange(range, with: bytes[range])
    }

    private static func fitted(_ bytes: [UInt8], _ byteCount: Int) -> [UInt8] {
        bytes.count >= byteCount
            ? Array(bytes[..<byteCount]) : bytes + [UInt8](repeating: 0, count: byteCount - bytes.count)
    }
}
