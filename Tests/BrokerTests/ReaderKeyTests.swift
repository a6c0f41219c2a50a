import Broker
import Testing

@Suite struct ReaderKeyTests {
    @Test func everyPartComesBack() {
        for (connection, generation, stream) in [(0, 0, 0), (1, 2, 3), (0xFF_FFFF, 0xFF_FFFF, 0xFFFF)] {
            let key = ReaderKey(
                connection: UInt32(connection), generation: UInt32(generation), stream: UInt16(stream))
            #expect(key.connection == connection)
            #expect(key.generation == generation)
            #expect(key.stream == stream)
        }
    }

    @Test func theNextLifeIsAnother() {
        let key = ReaderKey(connection: 7, generation: 0xFF_FFFF)
        #expect(key.next != key)
        #expect(key.next == ReaderKey(connection: 7, generation: 0))
        #expect(key.on(stream: 4).next.stream == 0)
    }

    @Test func streamsOfOneConnectionDiffer() {
        let key = ReaderKey(connection: 7, generation: 1)
        #expect(key.on(stream: 1) != key.on(stream: 2))
        #expect(key.on(stream: 1).on(stream: 0) == key)
    }

    @Test func itTakesEightBytes() {
        #expect(MemoryLayout<ReaderKey>.size == 8)
    }
}
