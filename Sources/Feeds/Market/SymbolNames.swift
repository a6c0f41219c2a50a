/// Invents ticker symbols: three to five pronounceable capitals, unique, the same for the same seed.
///
/// Any likeness to a listed symbol is chance; the simulated data says that it is simulated.
internal import Primitives

struct SymbolNames {
    /// Without Q and X, which are hard to pronounce, and without C, F and K, which most rude words need.
    private static let consonants = Array("BDGHJLMNPRSTVWZ".utf8)
    private static let vowels = Array("AEIOU".utf8)

    /// The shapes by letter count. Five letters alone give 15³ × 5² + 15² × 5³ = 112,500 names.
    private static let shapes: [[StaticString]] = [["cvc", "vcv"], ["cvcv", "vcvc"], ["cvcvc", "vcvcv"]]

    private var random: SeededGenerator
    private var taken: Set<[UInt8]> = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// A new name. Short ones come first and run out; there are about 121,000.
    mutating func next() -> [UInt8] {
        while true {
            let shapes = Self.shapes[letterClass()]
            let name = spell(shapes[Int(random.next(upperBound: UInt64(shapes.count)))])
            if taken.insert(name).inserted { return name }
        }
    }

    /// Three, four or five letters, as 0, 1 or 2. A class is left long before its names run out.
    private mutating func letterClass() -> Int {
        switch taken.count {
        case ..<600: Int(random.next(upperBound: 3 as UInt64))
        case ..<6000: 1 + Int(random.next(upperBound: 2 as UInt64))
        default: 2
        }
    }

    private mutating func spell(_ shape: StaticString) -> [UInt8] {
        (0..<shape.utf8CodeUnitCount).map { place in
            let letters = shape.utf8Start[place] == UInt8(ascii: "c") ? Self.consonants : Self.vowels
            return letters[Int(random.next(upperBound: UInt64(letters.count)))]
        }
    }
}
