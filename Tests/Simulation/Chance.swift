import Primitives

/// Short words for what is left to chance.
extension SeededGenerator {
    /// A number at or above 0 and below `count`.
    mutating func below(_ count: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(max(count, 1)))
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func chance(oneIn count: Int) -> Bool { below(count) == 0 }

    /// One of `choices`, of which there must be some.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    /// A generator of its own for a part of the world, so that what the part draws changes nothing for the others.
    mutating func branch() -> SeededGenerator { SeededGenerator(seed: next()) }
}
