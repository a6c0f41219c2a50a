// Runs clusters over simulated servers, seed after seed, until a promise is broken or all seeds are done.
//
// usage: tidegate-simulate-cluster [worlds=2000] [first seed=1]

import ClusterSimulation
import Glibc

let numbers = CommandLine.arguments.dropFirst().map { UInt64($0) }
guard numbers.allSatisfy({ $0 != nil }), numbers.count <= 2 else {
    print("usage: tidegate-simulate-cluster [worlds] [first seed]")
    exit(2)
}
let worlds = numbers.first.flatMap { $0 } ?? 2000
let first = numbers.dropFirst().first.flatMap { $0 } ?? 1

for seed in first..<first + worlds {
    guard let failure = ClusterSimulation.run(seed: seed).failure else { continue }
    for line in ClusterSimulation.run(seed: seed, keepsHistory: true).history { print("  \(line)") }
    print("seed \(seed): \(failure)\nrepeat it: make simulate-cluster SEED=\(seed) WORLDS=1")
    exit(1)
}
print("\(worlds) worlds: every promise was kept")
