// Runs crowds of publishers and loops, one after the other; see Crowd.swift, and `run` beside this.
import Foundation

let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let seeds = arguments.first.map { [$0] } ?? Array(1...8)
for seed in seeds {
    if let wrong = Crowd(seed: seed, rounds: 500).run() {
        print("TIDEGATE_SEED=\(seed): \(wrong)")
        exit(1)
    }
    print("TIDEGATE_SEED=\(seed) holds")
}
