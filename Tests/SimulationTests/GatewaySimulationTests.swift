/// The promises of docs/protocol.md, section 2, kept by a whole gateway in simulated time.
///
/// A failure names its seed; `TIDEGATE_SEED=<seed>` runs that one alone, and `make simulate` many more, much faster.
import Foundation
import Simulation
import Testing

@Suite struct GatewaySimulationTests {
    private static let stepsASeed = 2500

    private static func seeds(_ count: UInt64) -> [UInt64] {
        let chosen = ProcessInfo.processInfo.environment["TIDEGATE_SEED"].flatMap { UInt64($0) }
        return chosen.map { [$0] } ?? Array(1...count)
    }

    @Test func everyPromiseIsKeptWhateverHappens() throws {
        for seed in Self.seeds(14) {
            let outcome = try Simulation.run(seed: seed, steps: Self.stepsASeed)
            guard let failure = outcome.failure else { continue }
            let trace = outcome.trace.joined(separator: "\n")
            Issue.record("TIDEGATE_SEED=\(seed) step \(outcome.step): \(failure)\n\(trace)")
            return
        }
    }

    /// In every ninth world some have rights that change and end.
    @Test(arguments: [8, 17, 26, 35] as [UInt64]) func nobodyReadsOutsideOfItsRights(seed: UInt64) throws {
        let outcome = try Simulation.run(seed: seed, steps: Self.stepsASeed)
        let trace = outcome.trace.suffix(200).joined(separator: "\n")
        #expect(outcome.failure == nil, "TIDEGATE_SEED=\(seed) step \(outcome.step)\n\(trace)")
    }

    @Test func aSeedRepeatsARunExactly() throws {
        for seed in Self.seeds(2) {
            let runs = try (0..<2).map { _ in try Simulation.run(seed: seed, steps: 1500).fingerprint }
            #expect(runs[0] == runs[1], "TIDEGATE_SEED=\(seed)")
        }
    }

    @Test func readersThatNeverReadChangeNothingForOthers() throws {
        var options = WorldOptions()
        options.isPlain = true
        for seed in Self.seeds(2) {
            let alone = try Simulation.run(seed: seed, steps: 2500, options)
            options.withSleepers = true
            let beset = try Simulation.run(seed: seed, steps: 2500, options)
            options.withSleepers = false
            #expect(alone.failure == nil, "TIDEGATE_SEED=\(seed) step \(alone.step)")
            #expect(beset.failure == nil, "TIDEGATE_SEED=\(seed) step \(beset.step)")
            #expect(alone.digest == beset.digest, "TIDEGATE_SEED=\(seed)")
        }
    }
}
