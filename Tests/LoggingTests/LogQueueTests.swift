import Primitives
import Testing

@testable import Logging

@Suite struct LogQueueTests {
    private func append(_ line: String, _ queue: inout LogQueue) { queue.append(Array(line.utf8).span) }

    /// The lines that the writer takes, and how many were dropped behind them.
    private func taken(_ queue: inout LogQueue) -> String? {
        var batch = ByteBuffer()
        return queue.take(into: &batch).map { "\(batch.bytes.text) and \($0)" }
    }

    @Test func linesComeInTheirOrderAndOnce() {
        var queue = LogQueue(byteCountLimit: 100)
        append("a\n", &queue)
        append("b\n", &queue)
        #expect(taken(&queue) == "a\nb\n and 0" && taken(&queue) == nil)
        append("c\n", &queue)
        #expect(taken(&queue) == "c\n and 0")
    }

    @Test func whatFindsNoRoomIsDroppedAndCounted() {
        var queue = LogQueue(byteCountLimit: 8)
        append("1234567\n", &queue)
        for _ in 0..<3 { append("\n", &queue) }
        #expect(queue.droppedCount == 3)
        #expect(taken(&queue) == "1234567\n and 3")
        append("1234567\n", &queue)
        #expect(taken(&queue) == "1234567\n and 0" && queue.droppedCount == 3)
    }

    /// Otherwise nobody could tell where among the lines some are missing.
    @Test func behindADroppedLineAllAreDropped() {
        var queue = LogQueue(byteCountLimit: 4)
        append("a\n", &queue)
        append("long\n", &queue)
        append("b\n", &queue)
        #expect(taken(&queue) == "a\n and 2")
    }

    @Test func aLineTooLongForTheQueueIsTold() {
        var queue = LogQueue(byteCountLimit: 4)
        append("long\n", &queue)
        #expect(queue.wantsWriter == true)
        #expect(taken(&queue) == " and 1")
    }

    @Test func theWriterIsWantedForLinesAndForTheEnd() {
        var queue = LogQueue(byteCountLimit: 100)
        #expect(queue.wantsWriter == false)
        append("a\n", &queue)
        queue.close()
        #expect(queue.wantsWriter == true)
        #expect(taken(&queue) == "a\n and 0")
        #expect(queue.wantsWriter == true)
        #expect(taken(&queue) == nil)
    }

    @Test func whatIsTakenIsSettledWhenTheWriterSaysSo() {
        var queue = LogQueue(byteCountLimit: 4)
        append("a\n", &queue)
        append("long\n", &queue)
        _ = taken(&queue)
        append("b\n", &queue)
        #expect(queue.toldCount == 3 && queue.settledCount == 0)
        queue.settle(dropped: 1)
        #expect(queue.settledCount == 2 && queue.droppedCount == 2)
    }
}
