/// What a walk may do before the others have had their turn, counted in steps: a topic, a subscriber, a name looked at.

/// A step costs some hundred nanoseconds, whatever it is, so that steps stand for time where nobody reads a clock.
package struct Ration {
    package private(set) var left: Int
    /// The steps that were taken, for tests of how much work something is.
    package private(set) var taken = 0

    package init(steps: Int) {
        left = steps
    }

    package var isSpent: Bool { left <= 0 }

    package mutating func take(_ steps: Int = 1) {
        left -= steps
        taken += steps
    }
}
