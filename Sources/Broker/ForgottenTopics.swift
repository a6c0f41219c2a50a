/// Topics that were purged and that somebody may still have to be told of.

/// A replica looks at a forgotten topic when something about it has changed, and lets go of it when no reader is left that has
/// not heard of its end. A resume that is under way may come to such a reader only later. So what is forgotten meanwhile is held
/// for the resumes that had begun before, in two generations: the next one begins when all resumes of the older one are over,
/// so that resumes without end hold nothing for ever.
struct ForgottenTopics {
    private struct Generation {
        var resumeCount = 0
        var held: [UInt32] = []
    }

    private var toSettle: [UInt32] = []
    private var older = Generation()
    private var current = Generation()
    private var number: UInt64 = 0

    /// Takes note that a resume begins; its generation is to be named when it is over.
    mutating func resumeBegan() -> UInt64 {
        current.resumeCount += 1
        return number
    }

    mutating func resumeEnded(_ generation: UInt64) {
        if generation == number { current.resumeCount -= 1 } else { older.resumeCount -= 1 }
        while older.resumeCount == 0, !isQuiet {
            toSettle += older.held
            (older, current) = (current, Generation())
            number += 1
        }
    }

    private var isQuiet: Bool {
        older.held.isEmpty && current.held.isEmpty && current.resumeCount == 0
    }

    /// Something about the topic has changed: it is to be looked at. It must not be in here.
    mutating func append(_ topic: UInt32) {
        toSettle.append(topic)
    }

    /// The next topic that may be let go.
    mutating func popSettled() -> UInt32? {
        while let topic = toSettle.popLast() {
            if older.resumeCount == 0, current.resumeCount == 0 { return topic }
            current.held.append(topic)
        }
        return nil
    }
}
