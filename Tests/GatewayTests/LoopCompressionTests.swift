import Broker
import Primitives
import Testing
import WebSocket

@testable import Gateway

@Suite struct LoopCompressionTests {
    private let now = Instant(nanoseconds: 1_000_000_000)
    private let statistics = LoopStatistics()
    private let replica = BrokerReplica(inbox: Sequencer(epoch: Epoch("e")).addInbox {})
    private let quotes = (0..<40).map { number in
        let text = "{\"topic\":\"stocks/S\(number)\",\"version\":7,\"data\":{\"price\":\(100 + number).25}}"
        return Payload(Array(text.utf8).span)
    }

    private func compression(_ change: (inout CompressionSettings) -> Void = { _ in }) -> LoopCompression {
        var settings = CompressionSettings()
        settings.mode = .on
        change(&settings)
        return LoopCompression(settings, statistics)
    }

    /// What one subscriber is sent of `count` quotes.
    private func frame(
        _ compression: LoopCompression, _ count: Int = 40, sequence: UInt64 = 9, cursor: UInt64? = 9,
        epoch: String = "e",
        to client: MessageCompression = .shared(windowBits: 15), at now: Instant? = nil
    ) -> [UInt8] {
        var batch = Batch()
        batch.entries = quotes[..<count].map { quote in
            Batch.Entry(
                topic: TopicID(index: 0, birth: 0), version: 1, bytes: quote.unsafeBytes)
        }
        batch.byteCount = quotes[..<count].reduce(0) { $0 + $1.byteCount }
        batch.cursor = cursor
        var output = ByteBuffer()
        compression.append(batch, at: sequence, of: Epoch(epoch), client, now: now ?? self.now, to: &output) {
            $0.append(updatesMessage: batch, of: replica)
        }
        return output.array
    }

    private func message(_ frame: [UInt8], _ reader: inout MessageReader) throws -> String {
        var input = frame
        return try input.withUnsafeMutableBufferPointer { input in
            switch try reader.next(input).event {
            case .assembledMessage(.text): return reader.message.text
            case .message(.text, let range): return UnsafeBufferPointer(rebasing: input[range]).span.text
            default: return "no message"
            }
        }
    }

    private func reader() -> MessageReader {
        MessageReader(role: .client, compression: PerMessageDeflate.Agreement(serverNoContextTakeover: true))
    }

    private func expected(_ count: Int, cursor: UInt64) -> String {
        "{\"type\":\"updates\",\"cursor\":\"e-\(cursor)\",\"updates\":["
            + quotes[..<count].map(\.text).joined(separator: ",") + "]}"
    }

    /// The cursor in the message names the epoch, so a frame of another one would hand out a cursor that is no more.
    @Test func anotherEpochIsAnotherMessage() {
        let compression = compression()
        for epoch in ["e", "e", "f", "f"] { _ = frame(compression, epoch: epoch) }
        #expect(statistics[.compressions] == 2)
    }

    @Test func oneCompressionServesAllSubscribersOfABatch() throws {
        let compression = compression()
        let first = frame(compression)
        for _ in 0..<99 { #expect(frame(compression) == first) }
        #expect(statistics[.compressions] == 1)
        #expect(statistics[.compressedMessages] == 100)
        let text = expected(40, cursor: 9)
        #expect(statistics[.savedBytes] == 100 * (text.utf8.count - first.count))
        #expect(first.count * 3 < text.utf8.count)
        var reader = reader()
        #expect(try message(first, &reader) == text)
        #expect(try message(first, &reader) == text)
    }

    @Test func anotherBatchIsAnotherFrame() throws {
        let compression = compression()
        var reader = reader()
        #expect(try message(frame(compression), &reader) == expected(40, cursor: 9))
        #expect(try message(frame(compression, 39), &reader) == expected(39, cursor: 9))
        #expect(try message(frame(compression, cursor: 8), &reader) == expected(40, cursor: 8))
        _ = frame(compression, to: .shared(windowBits: 10))
        #expect(statistics[.compressions] == 4)
    }

    /// Memory that was given back may hold another update at the same place; a new sequence number says so.
    @Test func aNewSequenceNumberForgetsWhatLayWhere() {
        let compression = compression()
        _ = frame(compression, sequence: 9)
        _ = frame(compression, sequence: 10)
        #expect(statistics[.compressions] == 2)
    }

    @Test func groupsOfSubscribersMayTakeTurns() {
        let compression = compression()
        for _ in 0..<50 {
            for count in [40, 30] { _ = frame(compression, count) }
        }
        #expect(statistics[.compressedMessages] == 100)
        // Or they share one place, by bad luck.
        #expect(statistics[.compressions] == 2 || statistics[.compressions] == 100)
    }

    @Test func aCompressorWithHistoryIsNotShared() throws {
        let compression = compression { $0.contextTakeover = true }
        let agreement = PerMessageDeflate.Agreement(serverMaxWindowBits: 12)
        let client = MessageCompression(agreement, CompressionSettings())
        var reader = MessageReader(role: .client, compression: agreement)
        let first = frame(compression, to: client)
        let second = frame(compression, to: client)
        #expect(second.count * 2 < first.count)
        #expect(try message(first, &reader) == expected(40, cursor: 9))
        #expect(try message(second, &reader) == expected(40, cursor: 9))
        #expect(statistics[.compressions] == 2)
    }

    @Test func spendsNoMoreThanItsShareOfTheTime() throws {
        let compression = compression {
            $0.mode = .auto
            $0.timeShare = 0
        }
        var sequence: UInt64 = 0
        while statistics[.compressionsSkipped] == 0 {
            sequence += 1
            _ = frame(compression, sequence: sequence)
        }
        var reader = reader()
        let plain = frame(compression, sequence: sequence + 1)
        #expect(try message(plain, &reader) == expected(40, cursor: 9))
        #expect(plain.count > expected(40, cursor: 9).utf8.count)
    }

    @Test func aWholeMessageIsCompressedWhenItIsWorthIt() {
        let compression = compression()
        var output = ByteBuffer()
        let small = [UInt8](repeating: 0x20, count: 255)
        compression.append(.text, small.span, .shared(windowBits: 15), now: now, to: &output)
        #expect(output.count == 4 + 255)
        output.removeAll()
        compression.append(.text, (small + small).span, .shared(windowBits: 15), now: now, to: &output)
        #expect(output.count < 20)
        output.removeAll()
        compression.append(.text, (small + small).span, .none, now: now, to: &output)
        #expect(output.count == 4 + 510)
    }
}

@Suite struct CompressionBudgetTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func expect(_ allowance: Bool, _ budget: inout CompressionBudget, at now: Instant) {
        let found = budget.allows(at: now)
        #expect(found == allowance)
    }

    @Test func earnsItsShare() {
        var budget = CompressionBudget(share: 0.25)
        expect(true, &budget, at: start)
        budget.spend(.milliseconds(30))
        expect(false, &budget, at: start + .milliseconds(20))
        expect(true, &budget, at: start + .milliseconds(60))
    }

    @Test func savesNoMoreThanAShortWhile() {
        var budget = CompressionBudget(share: 0.25)
        expect(true, &budget, at: start + .seconds(3600))
        budget.spend(.milliseconds(21))
        expect(false, &budget, at: start + .seconds(3600))
    }

    @Test func isWithoutEndWhereAllTimeIsGranted() {
        var budget = CompressionBudget(share: 1)
        budget.spend(.seconds(1000))
        expect(true, &budget, at: start)
    }
}
