/// The promises of docs/protocol.md, section 2, checked after every step of simulated worlds.
///
/// A failure names its seed; `TIDEGATE_SEED=<seed>` runs that one alone.
import TestSupport
import Testing

@Suite struct SimulationTests {
    private static let stepsASeed = 1200

    @Test func everyReaderHoldsTheTruthWhateverItDoes() {
        for seed in seeds(30) where !Self.holds(seed) { break }
    }

    /// The digests of what each reader got: equal, whether or not others never read.
    @Test func readersThatNeverReadChangeNothingForOthers() throws {
        for seed in seeds(4) {
            // Sleepers take their part of a portion, so that the others come later, with other cursors: here nobody waits.
            let alone = try World(seed: seed, portions: 100_000...100_000)
            let beset = try World(seed: seed, withSleepers: true, portions: 100_000...100_000)
            try alone.run(steps: 600)
            try beset.run(steps: 600)
            let (left, right) = (alone.readers.map(\.digest), beset.readers.map(\.digest))
            #expect(left == right, "TIDEGATE_SEED=\(seed)")
        }
    }

    private static func holds(_ seed: UInt64) -> Bool {
        do {
            let world = try World(seed: seed)
            do {
                try world.run(steps: stepsASeed)
                return true
            } catch {
                let trace = world.trace.suffix(25).joined(separator: "\n")
                Issue.record("TIDEGATE_SEED=\(seed) step \(world.step): \(error)\n\(trace)")
            }
        } catch {
            Issue.record("TIDEGATE_SEED=\(seed): \(error)")
        }
        return false
    }
}
