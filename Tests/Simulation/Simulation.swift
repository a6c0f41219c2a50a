/// Runs worlds and tells what came of them.
import Primitives

package enum Simulation {
    /// What became of one seed.
    package struct Outcome: Sendable {
        package let seed: UInt64
        package let step: Int
        /// Nil: every promise was kept.
        package let failure: String?
        /// The last things that happened.
        package let trace: [String]
        /// What the readers hold in the end, mixed into one number.
        package let digest: UInt64
        /// All that happened, mixed into one number: equal for equal seeds.
        package let fingerprint: UInt64
    }

    /// The last things that happened, and before them the last ones that happened to who complains.
    private static func excerpt(of trace: [String], _ failure: String?) -> [String] {
        let name = failure?.prefix { $0 != ":" } ?? ""
        let own = trace.dropLast(30).filter { $0.contains(" \(name) ") }.suffix(15)
        return own + ["…"] + trace.suffix(30)
    }

    package static func run(
        seed: UInt64, steps: Int, _ options: WorldOptions = WorldOptions()
    ) throws -> Outcome {
        let world = try World(seed: seed, steps: steps, options)
        var failure: String?
        do {
            try world.run(steps: steps)
        } catch {
            failure = "\(error)"
        }
        return Outcome(
            seed: seed, step: world.step, failure: failure,
            trace: options.keepsTrace ? world.trace : excerpt(of: world.trace, failure),
            digest: world.digest, fingerprint: world.fingerprint)
    }
}
