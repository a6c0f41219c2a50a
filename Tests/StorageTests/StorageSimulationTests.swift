import StorageSimulation
import TestSupport
import Testing

/// What was promised is there, in worlds in which processes die, power is cut, and disks are full or broken.
///
/// A failure names its seed; `TIDEGATE_SEED=<seed>` runs that one alone, and `make simulate-storage` 10,000, much faster.
@Suite struct StorageSimulationTests {
    @Test func whatWasPromisedIsThere() throws {
        for seed in seeds(40) {
            let outcome = StorageSimulation.run(seed: seed, keepsHistory: askedSeed != nil)
            guard let failure = outcome.failure else { continue }
            Issue.record("TIDEGATE_SEED=\(seed): \(failure)\n\(outcome.history.joined(separator: "\n"))")
            return
        }
    }
}
