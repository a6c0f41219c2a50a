// Runs simulated worlds, seed after seed, until a promise is broken or the steps are done.
//
// usage: tidegate-simulate [seed=1] [steps=1000000] [steps a world=5000]
//
// With a seed alone it is that world and no other: what a failure says to repeat it. With TRACE=all in the environment
// all that happened in it is told.

import Glibc
import Primitives
import Simulation

let arguments = CommandLine.arguments.dropFirst().map { UInt64($0) }
guard arguments.allSatisfy({ $0 != nil }), arguments.count <= 3 else {
    print("usage: tidegate-simulate [seed] [steps] [steps a world]")
    exit(2)
}
let numbers = arguments.compactMap { $0 }
let stepsEach = numbers.count > 2 ? Int(numbers[2]) : 5000
let total = numbers.count > 1 ? Int(numbers[1]) : numbers.count == 1 ? 1 : 1_000_000
var seed = numbers.first ?? 1
var done = 0
var worlds = 0
let began = Instant.now()
var told = began

var options = WorldOptions()
options.keepsTrace = getenv("TRACE") != nil

func seconds() -> Double { Instant.now().since(began).inSeconds }

while done < total {
    let outcome = try Simulation.run(seed: seed, steps: stepsEach, options)
    done += outcome.step
    worlds += 1
    if let failure = outcome.failure {
        print("seed \(seed), step \(outcome.step): \(failure)\n")
        for line in outcome.trace { print("  \(line)") }
        print("\nrepeat it: make simulate SEED=\(seed) STEPS=1")
        exit(1)
    }
    if options.keepsTrace { for line in outcome.trace { print("  \(line)") } }
    seed += 1
    if Instant.now().since(told) > .seconds(5) {
        told = .now()
        print("\(done) steps in \(worlds) worlds, \(Int(Double(done) / seconds())) a second")
        fflush(nil)
    }
}
print("\(done) steps in \(worlds) worlds in \(Int(seconds().rounded())) s: every promise was kept")
