import Primitives
import Testing

@Suite struct QueueTests {
    @Test(arguments: [1, 2, 511, 512, 513, 1024, 5000])
    func whatWentInFirstComesOutFirst(count: Int) {
        var queue = Queue<Int>()
        queue.append(contentsOf: 0..<count)
        #expect(queue.count == count)
        for number in 0..<count {
            #expect(queue.first == number)
            #expect(queue.popFirst() == number)
            #expect(queue.count == count - number - 1)
        }
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
    }

    @Test func isTheSameAsAnArrayWhateverIsDone() {
        var random = SeededGenerator(seed: 1)
        var queue = Queue<Int>()
        var model: [Int] = []
        for number in 0..<20_000 {
            // It grows for a while, then shrinks, over many pieces.
            if Int.random(in: 0..<10, using: &random) < (number / 4000 % 2 == 0 ? 7 : 2) {
                queue.append(number)
                model.append(number)
            } else {
                let taken = queue.popFirst()
                #expect(taken == model.first)
                if taken != nil { model.removeFirst() }
            }
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == model.isEmpty)
            #expect(queue.first == model.first)
        }
    }
}
