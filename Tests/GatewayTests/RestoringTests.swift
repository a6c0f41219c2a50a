/// A gateway that listens and does not hold yet what was kept: nobody is answered from half a state.
import Broker
import Primitives
import Synchronization
import Testing

@testable import Gateway

@Suite struct RestoringTests {
    /// A log that is there once the test says so.
    private final class Restored: UpdateLog {
        let percent = Atomic<Int>(0)
        let isThere = Atomic<Bool>(false)

        func publish(
            _: borrowing UpdateBatch, time _: UnixTime, at _: Instant, for _: PublishTicket?
        ) throws(PublishFailure) -> Publication {
            if let refusal { throw refusal }
            return .pending
        }

        var refusal: PublishFailure? {
            isThere.load(ordering: .relaxed) ? nil : .restoring(percent: percent.load(ordering: .relaxed))
        }
    }

    private let log = Restored()

    private func stage() -> FrontEndStage {
        let stage = FrontEndStage(updates: log, isRestoring: true)
        stage.work.shared.isReady.store(true, ordering: .relaxed)
        return stage
    }

    private func request(_ method: String, _ path: String, _ fields: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    @Test(arguments: [
        "GET /topics/a", "GET /topics", "GET /poll?topics=a", "GET /log?topic=a", "DELETE /topics/a",
        "GET /stats",
        "GET /metrics", "GET /connections", "GET /ws", "GET /", "GET /nowhere",
    ]) func everybodyIsToldToComeAgain(line: String) {
        let words = line.split(separator: " ").map(String.init)
        log.percent.store(42, ordering: .relaxed)
        let answer = stage().receive(request(words[0], words[1]))
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After: "))
        #expect(answer.contains("has done 42 % of it"))
    }

    @Test func aBodyIsNotTaken() {
        let answer = stage().receive(request("PUT", "/topics/a", "Content-Length: 1\r\n") + "1")
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
    }

    /// A browser that gets another status never comes back.
    @Test func anEventStreamEndsWithAGoodbye() {
        let answer = stage().receive(request("GET", "/sse?topics=a"))
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("event: goodbye"))
    }

    @Test func whoBalancesLoadsIsToldHowFarItIs() {
        #expect(stage().receive(request("GET", "/healthz")).hasPrefix("HTTP/1.1 200 "))
        for percent in [0, 99] {
            log.percent.store(percent, ordering: .relaxed)
            let answer = stage().receive(request("GET", "/readyz"))
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("has done \(percent) % of it"))
        }
    }

    /// A loop serves as soon as it holds all; the gateway is ready when all loops do.
    @Test func whoComesAfterwardsIsServed() throws {
        let stage = stage()
        var batch = UpdateBatch()
        try batch.append(topic: Array("a".utf8).span, data: Array("1".utf8).span)
        _ = try stage.sequencer.publish(batch, time: stage.work.time, at: stage.work.now)
        stage.work.catchUp()
        log.isThere.store(true, ordering: .relaxed)
        #expect(stage.receive(request("GET", "/readyz")).hasPrefix("HTTP/1.1 503 "))
        stage.sequencer.releaseInboxes()
        #expect(stage.work.isRestoring)
        stage.work.catchUp()
        #expect(stage.receive(request("GET", "/topics/a")).contains("\"data\":1}"))
        #expect(stage.receive(request("GET", "/readyz")).hasPrefix("HTTP/1.1 503 "))
        stage.work.shared.restoringLoopCount.subtract(1, ordering: .relaxed)
        #expect(stage.receive(request("GET", "/readyz")).hasPrefix("HTTP/1.1 200 "))
    }
}
