/// Where a reader wants to begin: a cursor as it presents it, and what must become of it; how much of the past it wants of logs.
import Primitives

struct Resumption {
    enum Outcome {
        case honoured
        case reset
        /// What it names may have been forgotten between question and answer.
        case either
    }

    /// Nil: none is presented.
    let text: String?
    /// What its holder held, where that is known.
    private let handed: Holding.HandedCursor?
    /// Whether it can be honoured, as far as its text tells.
    private let isPlausible: Bool
    private let purgedBefore: UInt64
    /// How many of the updates that were kept; nil: all.
    var last: Int?

    static let none = Resumption(text: nil, handed: nil, isPlausible: false, purgedBefore: 0)

    private init(text: String?, handed: Holding.HandedCursor?, isPlausible: Bool, purgedBefore: UInt64) {
        self.text = text
        self.handed = handed
        self.isPlausible = isPlausible
        self.purgedBefore = purgedBefore
    }

    /// Presents `handed`, or now and then one that nobody was handed.
    init(_ handed: Holding.HandedCursor, _ random: inout SeededGenerator, in world: World) {
        let epoch = world.epoch(of: handed.generation)
        self.handed = handed
        purgedBefore = world.truth.purgedSequence
        switch random.below(40) {
        case 0: (text, isPlausible) = ("\(epoch)-\(world.truth.sequence + 1_000_000)", false)
        case 1: (text, isPlausible) = ("elsewhere-\(handed.place.sequence)", false)
        case 2: (text, isPlausible) = ("no~cursor", false)
        default:
            text = "\(epoch)-\(handed.place.text)"
            isPlausible = world.knows(handed)
        }
    }

    /// How many are owed once the gateway has said what became of the cursor: with one `last` says nothing.
    func last(after start: Holding.HandedCursor?) -> Int? { text == nil ? last : start?.place.last }

    /// Whether it has the form of a cursor.
    var isCursor: Bool { text?.contains("-") ?? false }

    /// What is held with it, once it was honoured.
    var held: Holding.HandedCursor? { handed }

    /// Whether it could not be honoured when it was presented.
    var isHopeless: Bool { !isPlausible || handed.map { $0.covered < purgedBefore } ?? true }

    func expected(in world: World) -> Outcome {
        guard isPlausible, let handed else { return .reset }
        if handed.covered >= world.truth.purgedSequence { return .honoured }
        return handed.covered < purgedBefore ? .reset : .either
    }

    /// Checks what the gateway says became of it; returns what the reader goes on from.
    func check(isHonoured: Bool, in world: World) throws -> Holding.HandedCursor? {
        guard let text else {
            if isHonoured { throw SimulationFailure("was resumed without a cursor") }
            return nil
        }
        switch (expected(in: world), isHonoured) {
        case (.honoured, false), (.reset, true):
            throw SimulationFailure(
                "presented \(text) and was \(isHonoured ? "resumed" : "reset"); forgotten up to \(world.truth.purgedSequence)"
            )
        default: return isHonoured ? handed : nil
        }
    }
}
