import Glibc
import Primitives
import Testing
import Transport

@Suite struct PollerTests {
    /// The only event of the next wait.
    private func next(_ poller: inout Poller) throws -> Poller.Event? {
        var ready: [Poller.Event] = []
        try poller.wait(timeout: patience, into: &ready)
        #expect(ready.count <= 1)
        return ready.first
    }

    private func isQuiet(_ poller: inout Poller) throws -> Bool {
        var ready: [Poller.Event] = []
        try poller.wait(timeout: .zero, into: &ready)
        return ready.isEmpty
    }

    @Test func tellsWhoCanBeReadUntilItIs() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.add(pair.server.number, token: 7, .read)
        #expect(try isQuiet(&poller))
        #expect(pair.client.write("ab") == .bytes(2))
        for expected in ["a", "b"] {
            let event = try #require(try next(&poller))
            #expect(event.token == 7 && event.isReadable && !event.isWritable && !event.isHungUp)
            #expect(pair.server.read(upTo: 1).bytes == Array(expected.utf8))
        }
        #expect(try isQuiet(&poller))
    }

    @Test func tellsOnlyWhatIsAskedFor() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.add(pair.server.number, token: 1, .read)
        #expect(try isQuiet(&poller))
        try poller.change(pair.server.number, token: 2, .write)
        let event = try #require(try next(&poller))
        #expect(event.token == 2 && event.isWritable && !event.isReadable)
        try poller.change(pair.server.number, token: 2, [])
        #expect(try isQuiet(&poller))
        poller.remove(pair.server.number)
        #expect(throws: SystemFailure("epoll_ctl", ENOENT)) {
            try poller.change(pair.server.number, token: 2, .read)
        }
    }

    @Test func aHalfClosedPeerIsReadable() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.add(pair.server.number, token: 1, .read)
        pair.client.endWriting()
        let event = try #require(try next(&poller))
        #expect(event.isReadable && !event.isHungUp)
    }

    @Test func whoIsGoneIsToldToThoseWhoWantNothing() throws {
        let pair = try Pair()
        var poller = try Poller()
        try poller.add(pair.server.number, token: 1, [])
        pair.client.endWriting()
        pair.server.endWriting()
        #expect(try #require(try next(&poller)).isHungUp)
    }

    @Test func aWakeupWakesOnceHoweverOftenItIsCalled() throws {
        let wakeup = try Wakeup()
        var poller = try Poller()
        try poller.add(wakeup.descriptor, token: 3, .read)
        #expect(try isQuiet(&poller))
        for _ in 0..<3 { wakeup.wake() }
        #expect(try #require(try next(&poller)).token == 3)
        wakeup.clear()
        #expect(try isQuiet(&poller))
        wakeup.clear()  // With nothing to clear it does not wait.
    }

    @Test func aWakeupReachesALoopThatWaits() throws {
        let wakeup = try Wakeup()
        var poller = try Poller()
        try poller.add(wakeup.descriptor, token: 3, .read)
        let thread = try LoopThread(name: "waker") { wakeup.wake() }
        #expect(try #require(try next(&poller)).token == 3)
        thread.join()
    }

    @Test func shortTimesAreRoundedUp() throws {
        var poller = try Poller()
        var ready: [Poller.Event] = []
        let began = Instant.now()
        try poller.wait(timeout: .microseconds(300), into: &ready)
        // A shorter wait would mean a loop that spins until the time has come.
        #expect(Instant.now().since(began) >= .microseconds(300))
    }
}
