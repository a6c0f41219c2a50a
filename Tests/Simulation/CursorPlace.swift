/// What stands in a cursor behind its epoch: up to where it covers all, where a poll's snapshot began, and how far the gateway was.
struct CursorPlace {
    let sequence: UInt64
    var snapshotBegan: UInt64?
    /// How much of the past of logs that snapshot shows; nil: all.
    var last: Int?
    /// How far the gateway was, where that is further.
    var seen: UInt64?

    /// Nil for what does not read so: `18241`, `10189.18241`, `10189.18241.5`, `18241~18250`.
    init?(_ text: Substring) {
        let halves = text.split(separator: "~", omittingEmptySubsequences: false)
        let numbers = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard 1...2 ~= halves.count, 1...3 ~= numbers.count, let sequence = UInt64(numbers[0]) else {
            return nil
        }
        self.sequence = sequence
        if numbers.count > 1 {
            guard let began = UInt64(numbers[1]) else { return nil }
            snapshotBegan = began
        }
        if numbers.count == 3 {
            guard let last = Int(numbers[2]) else { return nil }
            self.last = last
        }
        if halves.count == 2 {
            guard let seen = UInt64(halves[1]), seen > sequence else { return nil }
            self.seen = seen
        }
    }

    /// What was forgotten up to here does not concern its holder.
    var covered: UInt64 { max(sequence, snapshotBegan ?? 0) }

    /// It says what it says where nothing up to here is lost.
    var reach: UInt64 { max(covered, seen ?? 0) }

    var text: String {
        "\(sequence)" + (snapshotBegan.map { ".\($0)" } ?? "") + (last.map { ".\($0)" } ?? "")
            + (seen.map { "~\($0)" } ?? "")
    }
}
