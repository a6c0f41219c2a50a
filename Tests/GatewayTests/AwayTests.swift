import Broker
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// The log has lost what others append: readers are told that what they see may be behind.
@Suite struct AwayTests {
    private let log = AwayLog()

    private func stage() throws -> LoopStage {
        let stage = try LoopStage(updates: log)
        try stage.publish(["a/x"])
        return stage
    }

    @Test func signsOfLifeSayIt() throws {
        let stage = try stage()
        let (socket, stream) = (
            stage.webSocket("?topics=a/*&heartbeat=5"), stage.reader("/sse?topics=a/*&heartbeat=5")
        )
        let quiet = [stage.webSocket("?topics=a/*"), stage.reader("/sse?topics=a/*")]
        try stage.turn()
        for client in [socket, stream] + quiet { #expect(!client.hear().contains("stale")) }
        log.since = stage.clock.now
        // Soon, and not only with the next one; once.
        try stage.pass(.seconds(1))
        let time = stage.clock.time.milliseconds
        #expect(
            socket.hear().hasSuffix(
                #"{"type":"heartbeat","time":\#(time),"cursor":"stage-1","stale":true}"#))
        #expect(
            stream.hear().contains(
                "event: heartbeat\nid: stage-1\ndata: {\"time\":\(time),\"stale\":true}\n\n"))
        try stage.pass(.milliseconds(4900))
        #expect(stream.hear() == "")
        try stage.pass(.milliseconds(200))
        for client in [socket, stream] { #expect(client.hear().contains(",\"stale\":true}")) }
        log.since = nil
        try stage.pass(.seconds(1))
        for client in [socket, stream] {
            let said = client.hear()
            #expect(said.contains("heartbeat") && !said.contains("stale"))
        }
        for client in quiet { #expect(!client.hear().contains("heartbeat")) }
    }

    @Test func whoComesIsToldWithLive() throws {
        let stage = try stage()
        log.since = stage.clock.now
        let (socket, stream) = (stage.webSocket("?topics=a/*"), stage.reader("/sse?topics=a/*"))
        let poll = stage.reader("/poll?topics=a/*")
        try stage.turn()
        #expect(socket.hear().contains(#""type":"live","cursor":"stage-1","stale":true}"#))
        #expect(stream.hear().contains("data: {\"resumed\":false,\"stale\":true}\n"))
        #expect(poll.hear().contains(#""away":true"#))
        log.since = nil
        try stage.pass(.seconds(1))
        #expect(!stage.reader("/poll?topics=a/*").hear().contains("away"))
    }

    @Test func itIsNotReadyWhenThatLasts() throws {
        let stage = try stage()
        let client = stage.connect("")
        func status() throws -> String {
            client.say("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            try stage.turn()
            return client.hear()
        }
        #expect(try status().hasPrefix("HTTP/1.1 200"))
        log.since = stage.clock.now
        try stage.pass(.milliseconds(9999))
        #expect(try status().hasPrefix("HTTP/1.1 200"))
        try stage.pass(.milliseconds(1))
        let refusal = try status()
        #expect(
            refusal.hasPrefix("HTTP/1.1 503") && refusal.contains("without the stream of updates for 10 s"))
        log.since = nil
        try stage.pass(.seconds(1))
        #expect(try status().hasPrefix("HTTP/1.1 200"))
    }

    @Test func manyAreToldInPortions() throws {
        let stage = try stage()
        let readers = (0..<1000).map { _ in stage.reader("/sse?topics=a/*&heartbeat=60") }
        try stage.turn()
        for reader in readers { _ = reader.hear() }
        stage.clock.advanceWithEachReading(by: .microseconds(20))
        log.since = stage.clock.now
        stage.loop.turn([])
        #expect(stage.loop.isTellingWhetherAway && stage.loop.timeout() == .zero)
        var toldCount = readers.count { $0.hear().contains("stale") }
        #expect(toldCount < 500)
        var turns = 0
        while stage.loop.isTellingWhetherAway, turns < 1000 {
            stage.loop.turn([])
            toldCount += readers.count { $0.hear().contains("stale") }
            turns += 1
        }
        #expect(turns > 1 && toldCount == 1000)
    }
}

/// A shared log that loses what others append when the test says so.
final class AwayLog: UpdateLog {
    private let away = Mutex<Instant?>(nil)
    let refusal: PublishFailure? = nil
    let isShared = true

    var since: Instant? {
        get { away.withLock { $0 } }
        set { away.withLock { $0 = newValue } }
    }
    var awaySince: Instant? { since }

    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at _: Instant, for _: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        .done(PublishOutcome(accepted: batch.count, lastVersion: nil, time: time))
    }
}
