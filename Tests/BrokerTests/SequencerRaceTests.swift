/// The sequencer among threads, as `Tests/Races/run` runs it longer and under the thread sanitizer.
///
/// A failure names its seed; `TIDEGATE_SEED=<seed>` runs that one alone, as far as threads can be repeated.
import TestSupport
import Testing

@Suite struct SequencerRaceTests {
    @Test func allLoopsHoldOneTruthAndNoWakeIsLost() {
        for seed in seeds(4) {
            let wrong = Crowd(seed: seed, rounds: 300).run()
            #expect(wrong == nil, "TIDEGATE_SEED=\(seed)")
        }
    }
}
