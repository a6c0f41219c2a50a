import Primitives
import Testing

@testable import Broker

struct SlabTests {
    /// Counts those of its kind that live.
    private final class Census {
        var living = 0
    }

    private struct Resident: ~Copyable {
        let number: Int
        let census: Census

        init(_ number: Int, _ census: Census) {
            self.number = number
            self.census = census
            census.living += 1
        }

        deinit { census.living -= 1 }
    }

    @Test func endsEachElementOnce() {
        let census = Census()
        do {
            var slab = Slab<Resident>()
            let indices = (0..<1500).map { slab.insert(Resident($0, census)) }
            #expect(census.living == 1500)
            for index in indices where index % 3 == 0 { slab.remove(index) }
            #expect(census.living == 1000 && slab.count == 1000)
            _ = slab.insert(Resident(-1, census))
            #expect(census.living == 1001)
        }
        #expect(census.living == 0)
    }

    /// What marking touches lies in one cache line only as long as a subscriber fills whole ones.
    @Test func subscribersFillWholeCacheLines() {
        #expect(MemoryLayout<Subscriber>.stride == 128)
        var slab = Slab<Subscriber>()
        let index = slab.insert(Subscriber(owner: ReaderKey(connection: 1, generation: 0)))
        let first = slab.chunks[Int(index) >> Slab<Subscriber>.chunkShift]
        #expect(UInt(bitPattern: first) % 64 == 0)
    }

    @Test(arguments: 0..<5)
    func behavesLikeADictionary(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var slab = Slab<Int>()
        var model: [UInt32: Int] = [:]
        var used: [UInt32] = []
        for step in 0..<20_000 {
            if used.isEmpty || Int.random(in: 0..<5, using: &generator) < 3 {
                let index = slab.insert(step)
                #expect(model.updateValue(step, forKey: index) == nil)
                used.append(index)
            } else {
                used.swapAt(Int.random(in: used.indices, using: &generator), used.count - 1)
                let index = used.removeLast()
                slab.remove(index)
                model[index] = nil
                #expect(slab.contains(index) == false)
            }
        }
        #expect(slab.count == model.count)
        for (index, value) in model { #expect(slab.contains(index) && slab[index] == value) }
        #expect(slab.contains(UInt32(slab.limit)) == false)
    }

    @Test func usesFreedPlacesAgain() {
        var slab = Slab<Int>()
        for number in 0..<100 { _ = slab.insert(number) }
        slab.remove(17)
        #expect(slab.insert(1000) == 17)
        #expect(slab.limit == 100)
        slab[17] += 1
        #expect(slab[17] == 1001)
    }

    @Test func growsWithoutMoving() {
        var slab = Slab<Int>()
        for number in 0..<20_000 { #expect(slab.insert(number) == UInt32(number)) }
        for number in 0..<20_000 { #expect(slab[UInt32(number)] == number) }
    }
}
