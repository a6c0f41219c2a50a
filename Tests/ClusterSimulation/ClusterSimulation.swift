/// Runs worlds and tells what came of them.

package enum ClusterSimulation {
    private static let stepCount = 800

    /// What became of one seed.
    package struct Outcome: Sendable {
        /// Nil: every promise was kept.
        package let failure: String?
        package let history: [String]
    }

    package static func run(seed: UInt64, keepsHistory: Bool = false) -> Outcome {
        let world = ClusterWorld(seed: seed, keepsHistory: keepsHistory)
        do {
            try world.run(steps: stepCount)
            return Outcome(failure: nil, history: world.history)
        } catch {
            return Outcome(failure: "\(error)", history: world.history)
        }
    }
}
