import Primitives
import Testing

struct TimerWheelTests {
    private static let start = Instant(nanoseconds: 123_456_789)

    private func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: Self.start.nanoseconds + milliseconds * 1_000_000)
    }

    private func expire(_ wheel: inout TimerWheel, _ milliseconds: UInt64) -> [UInt32] {
        var due: [UInt32] = []
        wheel.expire(now: at(milliseconds), into: &due)
        return due.sorted()
    }

    @Test func firesAtTheFirstMillisecondAtOrAfter() {
        var wheel = TimerWheel(now: Self.start)
        wheel.schedule(1, at: at(5))
        wheel.schedule(2, at: Instant(nanoseconds: at(5).nanoseconds + 1))
        #expect(wheel.nextDeadline == at(5))
        #expect(expire(&wheel, 4) == [])
        #expect(expire(&wheel, 5) == [1])
        #expect(wheel.nextDeadline == at(6))
        #expect(expire(&wheel, 6) == [2])
        #expect(wheel.nextDeadline == nil)
        #expect(expire(&wheel, 100) == [])
    }

    @Test func movesAndForgets() {
        var wheel = TimerWheel(now: Self.start)
        wheel.schedule(1, at: at(5))
        wheel.schedule(1, at: at(5000))
        wheel.schedule(2, at: at(5))
        #expect(wheel.isScheduled(2) == true)
        wheel.cancel(2)
        wheel.cancel(9)
        #expect(!wheel.isScheduled(2) && !wheel.isScheduled(9))
        #expect(expire(&wheel, 4999) == [])
        #expect(expire(&wheel, 5000) == [1])
        #expect(wheel.isScheduled(1) == false)
    }

    @Test func firesThePastSoon() {
        var wheel = TimerWheel(now: Self.start)
        #expect(expire(&wheel, 1000) == [])
        wheel.schedule(1, at: at(3))
        wheel.schedule(2, at: Instant(nanoseconds: 0))
        #expect(expire(&wheel, 1001) == [1, 2])
    }

    @Test func looksNowAndThenAtWhatIsFar() {
        var wheel = TimerWheel(now: Self.start)
        wheel.schedule(1, at: at(10_000))
        #expect(wheel.nextDeadline == at(4095))
        #expect(expire(&wheel, 4095) == [])
        #expect(wheel.nextDeadline == at(8190))
        #expect(expire(&wheel, 9999) == [])
        #expect(expire(&wheel, 10_000) == [1])
        wheel.schedule(1, at: .never)
        #expect(expire(&wheel, 1 << 20) == [])
        #expect(wheel.isScheduled(1) == true)
    }

    @Test func stopsAfterSoManyAndGoesOn() {
        var wheel = TimerWheel(now: Self.start)
        for token in 0..<5000 as Range<UInt32> { wheel.schedule(token, at: at(token < 2500 ? 5 : 9)) }
        var due: [UInt32] = []
        for round in 1...10 {
            #expect(wheel.nextDeadline.map { $0 <= at(20) } == true)
            wheel.expire(now: at(20), limit: 500, into: &due)
            #expect(due.count == round * 500)
            #expect(due.prefix(2500).allSatisfy { $0 < 2500 })
        }
        #expect(Set(due).count == 5000 && wheel.nextDeadline == nil)
    }

    /// What is set while it has stopped is not taken for what is due.
    @Test func keepsWhatIsSetWhileItHasStopped() {
        var wheel = TimerWheel(now: Self.start)
        for token in 0..<3 as Range<UInt32> { wheel.schedule(token, at: at(5)) }
        var due: [UInt32] = []
        wheel.expire(now: at(5), limit: 1, into: &due)
        wheel.schedule(7, at: at(5 + 4096))
        wheel.schedule(8, at: at(2))
        #expect(expire(&wheel, 5).count == 2)
        #expect(expire(&wheel, 6) == [8])
        #expect(expire(&wheel, 5 + 4095) == [])
        #expect(expire(&wheel, 5 + 4096) == [7])
    }

    @Test func ticksCanBeLong() {
        var wheel = TimerWheel(now: Self.start, tick: Interval(.milliseconds(16)))
        wheel.schedule(1, at: at(17))
        #expect(wheel.nextDeadline == at(32))
        #expect(expire(&wheel, 31) == [])
        #expect(expire(&wheel, 32) == [1])
    }

    /// Compares it with a table of deadlines, through sleeps from none to hours.
    @Test(arguments: 0..<40)
    func agreesWithATable(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var wheel = TimerWheel(now: Self.start)
        var table: [UInt32: UInt64] = [:]
        var now: UInt64 = 0
        func span(_ largestPower: Int) -> UInt64 {
            UInt64.random(
                in: 0...(1 << UInt64(Int.random(in: 0...largestPower, using: &generator))), using: &generator)
        }
        for _ in 0..<3000 {
            let token = UInt32.random(in: 0..<60, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                wheel.cancel(token)
                table[token] = nil
            case 1...5:
                let deadline = now + span(23)
                wheel.schedule(token, at: at(deadline))
                table[token] = max(deadline, now + 1)
            default:
                if let next = wheel.nextDeadline {
                    #expect(
                        table.values.allSatisfy { at($0) >= next }, "it would sleep too long, seed \(seed)")
                }
                now += span(20)
                let due = table.filter { $0.value <= now }.keys.sorted()
                #expect(expire(&wheel, now) == due, "at \(now), seed \(seed)")
                for token in due { table[token] = nil }
            }
            #expect(wheel.isScheduled(token) == (table[token] != nil))
        }
        #expect((wheel.nextDeadline == nil) == table.isEmpty)
    }

    @Test func anEarlierDeadlineStands() {
        let start = Instant(nanoseconds: 1_000_000_000)
        var wheel = TimerWheel(now: start)
        var due: [UInt32] = []
        wheel.schedule(0, noLaterThan: start + .milliseconds(5))
        wheel.schedule(0, noLaterThan: start + .milliseconds(9))
        wheel.expire(now: start + .milliseconds(5), into: &due)
        #expect(due == [0])
        wheel.schedule(0, noLaterThan: start + .milliseconds(9))
        wheel.schedule(0, noLaterThan: start + .milliseconds(7))
        wheel.expire(now: start + .milliseconds(7), into: &due)
        #expect(due == [0, 0] && wheel.nextDeadline == nil)
    }
}
