import Testing

@testable import Client

/// What whoever restarts nodes reads of them.
@Suite struct DrainOrderTests {
    @Test func progressIsReadAsItIsWritten() throws {
        let text = #"{"phase":"draining","connections":12,"seconds":4.25,"more":[1]}"#
        let progress = try DrainOrder.Progress(json: Array(text.utf8).span)
        #expect(progress.phase == "draining" && progress.connections == 12 && progress.seconds == 4.25)
        #expect(try DrainOrder.Progress(json: Array("{}".utf8).span).seconds == nil)
        #expect(throws: (any Error).self) { try DrainOrder.Progress(json: Array("[]".utf8).span) }
    }

    @Test func figuresAreFoundWhereTheyStand() throws {
        let text =
            #"{"uptime":7.5,"connections":{"open":9,"websocket":2,"sse":1,"poll":6,"streams":9,"limited":{"sse":5}},"updates":{"streams":4},"cluster":{"node":"a","epoch":"e1","lag":2,"nodes":{"b":{"lag":7}}}}"#
        var reading = NodeReading()
        try reading.read(stats: Array(text.utf8).span)
        #expect(reading.streams == 3 && reading.openedStreams == 9 && reading.uptime == 7.5)
        #expect(reading.name == "a" && reading.epoch == "e1" && reading.lag == 2)
    }
}
