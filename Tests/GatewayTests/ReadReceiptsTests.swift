import Primitives
import Testing

@testable import Gateway

@Suite struct ReadReceiptsTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    /// One that has answered its first ping, promptly, and holds nothing unread.
    private func proven() -> ReadReceipts {
        var receipts = ReadReceipts()
        _ = receipts.sent(32 * 1024, at: start)
        receipts.answered(at: start, roundTrip: .zero)
        return receipts
    }

    @Test func aPingGoesWithEveryHalfAWindow() {
        var receipts = ReadReceipts()
        let asked = [20_000, 20_000, 40_000].map { receipts.sent($0, at: start) }
        // One ping at a time.
        #expect(asked == [false, true, false])
        #expect(receipts.isAwaited)
        receipts.answered(at: start, roundTrip: .zero)
        #expect(!receipts.isAwaited)
        // What went behind the ping counts on.
        let asksAgain = receipts.sent(1, at: start)
        #expect(asksAgain)
    }

    @Test func whoNeverAnsweredIsNotHeldUp() {
        var receipts = ReadReceipts()
        for _ in 0..<100 { _ = receipts.sent(64 * 1024, at: start) }
        #expect(!receipts.isFull)
        #expect(receipts.fullSince == nil)
    }

    @Test func whoAnsweredOnceIsSentAWindowAndNoMore() {
        var receipts = proven()
        _ = receipts.sent(40_000, at: start + .seconds(1))
        #expect(!receipts.isFull)
        _ = receipts.sent(25_536, at: start + .seconds(2))
        #expect(receipts.isFull)
        #expect(receipts.fullSince == start + .seconds(1))
        receipts.answered(at: start + .seconds(2), roundTrip: .zero)
        #expect(!receipts.isFull)
    }

    private func windowAfter(_ taken: Duration, roundTrip: Duration, full: Bool) -> UInt32 {
        var receipts = proven()
        _ = receipts.sent(full ? 70_000 : 40_000, at: start)
        receipts.answered(at: start + taken, roundTrip: roundTrip)
        return receipts.window
    }

    @Test func distanceIsNotSlowness() {
        #expect(windowAfter(.milliseconds(10), roundTrip: .zero, full: true) == 128 * 1024)
        #expect(windowAfter(.milliseconds(10), roundTrip: .zero, full: false) == 64 * 1024)
        #expect(windowAfter(.milliseconds(300), roundTrip: .milliseconds(150), full: true) == 128 * 1024)
        #expect(windowAfter(.milliseconds(300), roundTrip: .zero, full: true) == 64 * 1024)
        #expect(windowAfter(.milliseconds(600), roundTrip: .zero, full: false) == 32 * 1024)
        #expect(windowAfter(.milliseconds(600), roundTrip: .milliseconds(100), full: false) == 64 * 1024)
    }

    @Test func windowsStayWithinTheirBounds() {
        var receipts = proven()
        var now = start
        for _ in 0..<20 {
            _ = receipts.sent(Int(receipts.window) + 1, at: now)
            receipts.answered(at: now, roundTrip: .zero)
        }
        #expect(receipts.window == ReadReceipts.greatestWindow)
        for _ in 0..<20 {
            _ = receipts.sent(Int(receipts.window) + 1, at: now)
            now = now + .seconds(10)
            receipts.answered(at: now, roundTrip: .zero)
        }
        #expect(receipts.window == ReadReceipts.leastWindow)
    }

    @Test func anAnswerThatNobodyAskedForSaysNothing() {
        var receipts = ReadReceipts()
        receipts.answered(at: start, roundTrip: .zero)
        _ = receipts.sent(1 << 20, at: start)
        #expect(!receipts.isFull)
    }
}
