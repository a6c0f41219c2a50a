/// What a world has appended, and what was promised about it.

struct Truth {
    /// What was appended, by position. Ends of runs have positions too, and nothing here.
    private(set) var bodies: [UInt64: [UInt8]] = [:]
    /// The pieces of each snapshot that was begun, by position: one that failed at its very end may be there as well.
    private var snapshots: [UInt64: [[[UInt8]]]] = [:]
    var lastPosition: UInt64 = 0
    /// Up to where all is there unless the power was cut.
    var writtenThrough: UInt64 = 0
    /// Up to where all is there.
    var syncedThrough: UInt64 = 0
    /// The power was cut since the last recovery.
    var isPowerCut = false
    /// Where each epoch begins, and up to where somebody was told of its records.
    private var epochs: [(first: UInt64, reliedThrough: UInt64)] = [(0, 0)]

    mutating func append(_ body: [UInt8], at position: UInt64) throws {
        guard position == lastPosition + 1 else {
            throw StorageWorld.Failure(description: "position \(position) after \(lastPosition)")
        }
        lastPosition = position
        bodies[position] = body
    }

    mutating func beginSnapshot(at position: UInt64) { snapshots[position, default: []].append([]) }

    mutating func append(chunk: [UInt8], at position: UInt64) {
        if let last = snapshots[position]?.indices.last { snapshots[position]?[last].append(chunk) }
    }

    func hasSnapshot(of chunks: [[UInt8]], at position: UInt64) -> Bool {
        snapshots[position, default: []].contains(chunks)
    }

    mutating func rely(on position: UInt64) {
        let last = epochs.count - 1
        if position >= epochs[last].first {
            epochs[last].reliedThrough = max(epochs[last].reliedThrough, position)
        }
    }

    /// Whether somebody was told of records beyond `position`, which is the last that is there.
    func isRelied(beyond position: UInt64) -> Bool {
        (epochs.last { $0.first <= position } ?? epochs[0]).reliedThrough > position
    }

    /// What is beyond `position` is gone.
    mutating func cut(at position: UInt64) {
        bodies = bodies.filter { $0.key <= position }
        snapshots = snapshots.filter { $0.key <= position }
        lastPosition = position
        epochs.removeAll { $0.first > position && $0.first > 0 }
    }

    mutating func beginEpoch() { epochs.append((lastPosition + 1, 0)) }

    /// The entries from one position on.
    func entries(after position: UInt64) -> [StorageWorld.Entry] {
        guard position < lastPosition else { return [] }
        return (position + 1...lastPosition).compactMap { position in
            bodies[position].map { StorageWorld.Entry(position: position, body: $0) }
        }
    }
}
