import Foundation
import Primitives
import Synchronization
import Testing

@testable import Logging

/// The whole way of a line, from whoever tells of an event to a descriptor that takes it, or does not.
@Suite struct LogTests {
    /// Tells of `count` events, numbered, on a thread of its own; false if that thread had to wait.
    private func tell(_ count: Int, to log: Log, from first: Int = 0) -> Bool {
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            for number in first..<(first + count) { log.tell(.refused, ["code": .text("\(number)")]) }
            done.signal()
        }
        return done.wait(timeout: .now() + patience) == .success
    }

    @Test func allLinesComeInTheirOrder() throws {
        let pipe = try UnixPipe()
        let log = try Log(level: .debug, format: .json, descriptor: pipe.writeEnd)
        #expect(tell(100, to: log) && log.flush(within: .seconds(30)))
        #expect(try pipe.lines(100).map(\.code) == (0..<100).map { "\($0)" })
        #expect(log.droppedLineCount == 0)
    }

    @Test func whatIsBelowTheLevelIsNotEvenMade() throws {
        let pipe = try UnixPipe()
        let log = try Log(level: .warning, format: .json, descriptor: pipe.writeEnd)
        func fields() -> KeyValuePairs<String, Log.Field> {
            Issue.record("the fields were made")
            return [:]
        }
        log.tell(.refused, fields())
        log.tell(.ended, fields())
        log.tell(.feedEnded, fields(), suppressed: 1)
        log.tell(.endedAtOnce)
        #expect(try pipe.lines(1).map(\.event) == ["ended at once by a second signal"])
    }

    /// A pipe that nobody reads stops its writer for ever. Whoever tells is done all the same. What found no room is told
    /// when somebody reads, in its place, and all other lines are there.
    @Test func nobodyWaitsForALogThatNobodyReads() throws {
        let pipe = try UnixPipe()
        let log = try Log(level: .debug, format: .json, descriptor: pipe.writeEnd, queueByteCount: 20_000)
        let count = 20_000
        #expect(tell(count, to: log))
        #expect(!log.flush(within: .zero))
        let dropped = log.droppedLineCount
        #expect(dropped > 0)

        // The number that comes next; a line that tells of dropped ones skips theirs.
        var next = 0
        var told = 0
        while next < count {
            let line = try #require(try pipe.lines(1).first)
            if line.event == "log lines were dropped" {
                told += line.count ?? 0
                next += line.count ?? 0
            } else {
                try #require(line.code == "\(next)")
                next += 1
            }
        }
        #expect(next == count && told == dropped)
        #expect(log.flush(within: .seconds(30)) && tell(1, to: log, from: count))
        #expect(try pipe.lines(1).first?.code == "\(count)")
    }

    /// Its other end makes a terminal or a pipe non-blocking for all who have it.
    @Test func aDescriptorThatDoesNotBlockIsWaitedFor() throws {
        let pipe = try UnixPipe()
        _ = fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK)
        let log = try Log(level: .debug, format: .json, descriptor: pipe.writeEnd)
        // More than the pipe holds.
        #expect(tell(3000, to: log))
        #expect(try pipe.lines(3000).map(\.code) == (0..<3000).map { "\($0)" })
        #expect(log.droppedLineCount == 0)
    }

    /// A pipe without a reader, a full disk: each line is tried, once, and counted.
    @Test(arguments: ["pipe", "/dev/full"]) func aDescriptorThatTakesNothingHoldsUpNobody(path: String) throws
    {
        let pipe = try UnixPipe()
        pipe.closeReadEnd()
        let descriptor = path == "pipe" ? pipe.writeEnd : open(path, O_WRONLY | O_CLOEXEC)
        defer { if path != "pipe" { close(descriptor) } }
        let log = try Log(level: .debug, format: .json, descriptor: descriptor)
        for round in 1...3 {
            #expect(tell(10, to: log) && log.flush(within: .seconds(30)))
            #expect(log.droppedLineCount == round * 10)
        }
    }

    @Test func theWriterEndsWithItsLog() throws {
        let ended = DispatchSemaphore(value: 0)
        let sink = Sink([])
        do {
            let end = Sentinel { ended.signal() }
            let log = try Log(level: .debug, style: LineStyle(isJSON: false), queueByteCount: 1000) { bytes in
                withExtendedLifetime(end) { sink.write(bytes) }
            }
            #expect(tell(2, to: log))
        }
        #expect(ended.wait(timeout: .now() + patience) == .success)
        #expect(sink.text.split(separator: "\n").count == 2)
    }

    /// Tells when nobody holds it any more.
    private final class Sentinel: Sendable {
        private let released: @Sendable () -> Void
        init(_ released: @escaping @Sendable () -> Void) { self.released = released }
        deinit { released() }
    }

    // MARK: A descriptor that does what the test says

    /// Takes what it is given in the ways that `steps` name, in turn, and then all of it.
    private final class Sink: Sendable {
        struct State {
            var steps: [Int?]
            var taken: [UInt8] = []
            var callCount = 0
        }
        let state: Mutex<State>

        /// Each step is how many bytes it takes at most; nil: it fails.
        init(_ steps: [Int?]) { state = Mutex(State(steps: steps)) }

        func write(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
            let given = Array(bytes)
            return state.withLock { state in
                state.callCount += 1
                guard let limit = state.steps.isEmpty ? given.count : state.steps.removeFirst() else {
                    return nil
                }
                let count = min(limit, given.count)
                state.taken += given[..<count]
                return count
            }
        }

        var text: String { state.withLock { String(decoding: $0.taken, as: UTF8.self) } }
        var callCount: Int { state.withLock { $0.callCount } }
    }

    /// Tells of as many events as `sink` is asked to take, one after the other, and returns the lines without their times.
    private func told(_ count: Int, by sink: Sink) throws -> [Substring] {
        let log = try Log(level: .debug, style: LineStyle(isJSON: false), queueByteCount: 1000) {
            sink.write($0)
        }
        for number in 0..<count {
            log.tell(.refused, ["code": .text("\(number)")])
            #expect(log.flush(within: .seconds(30)))
        }
        return sink.text.split(separator: "\n").map { $0.dropFirst("00:00:00 ".count) }
    }

    @Test func whatIsTakenInPiecesIsWritten() throws {
        let sink = Sink([1, 7, 3])
        #expect(try told(2, by: sink) == ["debug: refused  code=0", "debug: refused  code=1"])
        #expect(sink.callCount == 5)
    }

    /// The loss is told before the next line that gets through.
    @Test func aRefusedLineIsTriedOnceAndTold() throws {
        let sink = Sink([nil, nil, nil])
        let lines = try told(4, by: sink)
        // The second and the third find the notice refused first.
        #expect(
            lines == [
                "warning: log lines were dropped  count=2", "debug: refused  code=2",
                "debug: refused  code=3",
            ])
        #expect(sink.callCount == 6)
    }

    /// A disk that was full for a moment.
    @Test func aLineThatWasCutStaysALineOfItsOwn() throws {
        let sink = Sink(["00:00:00 debug: ref".utf8.count, nil])
        #expect(
            try told(2, by: sink) == [
                "debug: ref", "warning: log lines were dropped  count=1", "debug: refused  code=1",
            ])
    }
}

/// How long a test waits for anything. Generous, because no test asserts a time.
private let patience: TimeInterval = 30

/// A line of a log in JSON, as far as the tests look.
private struct Line: Decodable {
    let event: String
    let level: String
    let code: String?
    let count: Int?
}

/// A pipe of this process. Used by one test.
private final class UnixPipe {
    let writeEnd: Int32
    private let readEnd: Int32
    private var isReadEndOpen = true
    private var rest: [UInt8] = []

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        // No child of another test may keep an end open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        closeReadEnd()
        close(writeEnd)
    }

    func closeReadEnd() {
        if isReadEndOpen { close(readEnd) }
        isReadEndOpen = false
    }

    /// Waits for the next `count` lines.
    func lines(_ count: Int) throws -> [Line] {
        try (0..<count).map { _ in try next() }
    }

    private func next() throws -> Line {
        while true {
            if let end = rest.firstIndex(of: 10) {
                defer { rest.removeFirst(end + 1) }
                return try JSONDecoder().decode(Line.self, from: Data(rest[..<end]))
            }
            var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(patience * 1000)) > 0 else { throw POSIXError(.ETIMEDOUT) }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = read(readEnd, &piece, piece.count)
            guard count > 0 else { throw POSIXError(.EPIPE) }
            rest += piece[..<count]
        }
    }
}
