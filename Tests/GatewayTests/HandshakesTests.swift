import Broker
import Testing

@testable import Gateway

@Suite struct HandshakesTests {
    private func key(_ number: UInt32) -> ReaderKey { ReaderKey(connection: number, generation: 0) }

    @Test func theyAreFullAndThenRoomyAgain() {
        var handshakes = Handshakes(limit: 16)
        for number in 0..<16 {
            #expect(!handshakes.isFull)
            handshakes.begin(key(UInt32(number)))
        }
        #expect(handshakes.isFull && !handshakes.isRoomy)
        for _ in 0..<2 { handshakes.end() }
        #expect(!handshakes.isFull && !handshakes.isRoomy)
        handshakes.end()
        #expect(handshakes.isRoomy)
    }

    @Test func aLimitOfOneIsOneAtATime() {
        var handshakes = Handshakes(limit: 1)
        #expect(handshakes.isRoomy)
        handshakes.begin(key(0))
        #expect(handshakes.isFull && !handshakes.isRoomy)
        handshakes.end()
        #expect(handshakes.isRoomy)
    }

    /// However many there are, a look is short; and all are looked at in time.
    @Test func theOldestThatMayGoIsTaken() {
        var handshakes = Handshakes(limit: 100)
        for number in 0..<20 { handshakes.begin(key(UInt32(number))) }
        var looked: [UInt32] = []
        // The first ten are over, and of the others only the last one may go.
        func take() -> ReaderKey? {
            handshakes.takeOne { key in
                looked.append(key.connection)
                return key.connection < 10 ? nil : key.connection == 19
            }
        }
        #expect(take() == nil)
        #expect(looked == Array(0..<8))
        #expect(take() == nil)
        #expect(take()?.connection == 19)
        looked = []
        #expect(take() == nil)
        #expect(looked.count == 8 && looked.allSatisfy { (10..<19).contains($0) })
    }
}
