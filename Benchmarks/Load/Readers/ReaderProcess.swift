/// A process full of readers: it connects them, reads what comes, and counts it. One thread, one poller.
import Foundation
import Primitives
import Transport

final class ReaderProcess {
    static let commandToken = UInt32.max
    /// Room before the read, for the beginning of a stamp that the previous read cut off.
    private static let headroom = 64
    private static let readByteCount = 256 * 1024
    /// Real readers are elsewhere, and their wake-ups cost the server nothing. So this process looks once a
    /// millisecond, or at once if much has come, and the server does not wake it at every send.
    private static let napMicroseconds: UInt32 = 1000
    private static let crowd = 256
    private static let headEnd = Array("\r\n\r\n".utf8)
    /// How many connections may be opening at once.
    private static let openingLimit = 256

    let order: ReaderOrder
    let server: any Server
    private var poller: Poller
    private var ready: [Poller.Event] = []
    var readers: [Reader] = []
    /// The part of a step's text, or of an answer, that has come.
    private var partial: [Int: PollAnswer] = [:]
    private var cursors: [Int: String] = [:]
    /// A reader's poll request, without the empty line.
    private var questions: [Int: ArraySlice<UInt8>] = [:]
    private let space: UnsafeMutablePointer<UInt8>
    var report = ReaderReport()
    private var openingCount = 0
    private var commands: [UInt8] = []
    private var isOver = false

    init(_ order: ReaderOrder) throws {
        self.order = order
        guard let server = Servers.named(order.server) else {
            throw BenchFailure("no server is called \(order.server)")
        }
        self.server = server
        poller = try Poller()
        space = .allocate(capacity: Self.headroom + Self.readByteCount)
        _ = DescriptorLimit.raise()
        try poller.add(STDIN_FILENO, token: Self.commandToken, .read)
    }

    deinit { space.deallocate() }

    /// Obeys orders until the other end hangs up.
    func run() throws {
        try openAll()
        var slowDue = Instant.now()
        while !isOver {
            try poller.wait(timeout: .milliseconds(order.slowCount > 0 ? 20 : 1000), into: &ready)
            for event in ready { try handle(event) }
            if ready.count < Self.crowd { usleep(Self.napMicroseconds) }
            let now = Instant.now()
            if order.slowCount > 0, order.slowBytes > 0, now >= slowDue {
                slowDue = now + .milliseconds(100)
                for index in 0..<order.slowCount { readSome(index, atMost: order.slowBytes / 10) }
            }
        }
    }

    // MARK: Opening

    private func openAll() throws {
        let start = Instant.now()
        var next = readers.count
        var isDone = false
        readers.reserveCapacity(order.count)
        while !isDone {
            while next < order.count, openingCount < Self.openingLimit {
                try open(next)
                next += 1
            }
            try poller.wait(timeout: .milliseconds(100), into: &ready)
            for event in ready where event.token != Self.commandToken { try handle(event) }
            isDone = next == order.count && openingCount == 0
            if !isDone, Instant.now().since(start) > .seconds(120) {
                throw BenchFailure("\(openingCount) of \(next) readers are not live after two minutes")
            }
        }
        report.connectSeconds = Instant.now().since(start).seconds
        tell()
    }

    private func open(_ index: Int) throws {
        let number = order.first + index
        // At most 20,000 connections from one address to one port.
        let source = UInt32(2 + number / 20_000)
        let port = order.ports[number % order.ports.count]
        let link = try ReaderLink(
            BenchSocket.open(to: port, source: source), isSecure: server.isSecure)
        let reader = Reader(link: link)
        if index < readers.count { readers[index] = reader } else { readers.append(reader) }
        openingCount += 1
        try poller.add(link.number, token: UInt32(index), .read)
        let script = script(of: index)
        send(script[0].send, index)
        if script[0].expect.isEmpty { becomeLive(index) }
    }

    func script(of index: Int) -> [Step] {
        let topics = order.topics(of: order.first + index)
        return server.script(
            Wish(
                topics: topics, transport: order.transport, maxRate: order.maxRate, cursor: cursors[index]))
    }

    private func becomeLive(_ index: Int) {
        readers[index].state = .live
        openingCount -= 1
        report.live += 1
    }

    /// Until the measurement begins, slow readers read like the others: a reader that turns slow was well before.
    private func slowDown() {
        for index in 0..<order.slowCount where readers[index].state == .live && !readers[index].isSlow {
            readers[index].isSlow = true
            if let link = readers[index].link { poller.remove(link.number) }
        }
    }

    // MARK: Reading

    private func handle(_ event: Poller.Event) throws {
        if event.token == Self.commandToken {
            obey()
        } else {
            readSome(Int(event.token), atMost: Self.readByteCount)
        }
    }

    private func readSome(_ index: Int, atMost limit: Int) {
        while let link = readers[index].link {
            guard let came = link.receive(into: space + Self.headroom, atMost: min(limit, Self.readByteCount))
            else { return lose(index) }
            if came.count > 0 { take(came.count, index) }
            guard came.holdsMore else { return }
        }
    }

    /// Takes what has come into the space.
    private func take(_ count: Int, _ index: Int) {
        let start = space + Self.headroom
        report.reads += 1
        report.bytes += UInt64(count)
        let bytes = UnsafeMutableBufferPointer(start: start, count: count)
        switch readers[index].state {
        case .opening(let step): advance(index, step, UnsafeBufferPointer(bytes))
        case .live where order.transport == .poll: takeAnswer(index, UnsafeBufferPointer(bytes))
        case .live: take(index, bytes)
        case .closed: break
        }
    }

    /// Counts the updates and their ages.
    private func take(_ index: Int, _ bytes: UnsafeMutableBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        if order.transport == .ws { answerPings(in: UnsafeBufferPointer(bytes), index) }
        if order.remembersCursors { remember(bytes, index) }
        let now = Stamp.now()
        let isSlow = readers[index].isSlow
        readers[index].scanner.scan(start, count: bytes.count) { sent in
            report.updates += 1
            let age = UInt64(now &- sent)
            if !isSlow {
                report.age.record(age)
            } else if order.slowBytes > 0 {
                report.slowAge.record(age)
            }
        }
    }

    /// Frames begin behind the head of the answer to the upgrade.
    private func enterFrames(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
        if readers[index].isUpgraded {
            answerPings(in: bytes, index)
        } else if let opening = partial[index]?.bytes, let end = opening.firstIndex(of: Self.headEnd) {
            readers[index].isUpgraded = true
            opening.withUnsafeBufferPointer {
                answerPings(in: UnsafeBufferPointer(rebasing: $0[(end + 4)...]), index)
            }
        }
    }

    private func answerPings(in bytes: UnsafeBufferPointer<UInt8>, _ index: Int) {
        var pings: [[UInt8]] = []
        readers[index].frames.walk(bytes) { if $0 == FrameWalker.ping { pings.append($1) } }
        for payload in pings { send(HTTPText.frame(FrameWalker.pong, payload), index) }
    }

    private func advance(_ index: Int, _ step: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
        partial[index, default: PollAnswer()].append(bytes)
        if order.transport == .ws { enterFrames(index, bytes) }
        let script = script(of: index)
        guard partial[index]?.bytes.firstIndex(of: script[step].expect) != nil else { return }
        if order.transport == .poll {
            openingCount -= 1
            readers[index].state = .live
            report.live += 1
            takeAnswer(index, UnsafeBufferPointer(start: nil, count: 0))
            return
        }
        partial[index] = nil
        if step + 1 < script.count {
            readers[index].state = .opening(step: step + 1)
            send(script[step + 1].send, index)
        } else {
            becomeLive(index)
        }
    }

    /// Takes the updates of a complete answer, and asks again.
    private func takeAnswer(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
        partial[index, default: PollAnswer()].append(bytes)
        guard var answer = partial[index], let end = answer.fieldsEnd else { return }
        partial[index] = nil
        report.answers += 1
        answer.withBytes { take(index, $0) }
        let question = questions[index] ?? script(of: index)[0].send.dropLast(2)
        questions[index] = question
        var next = Array(question)
        answer.appendConditions(to: &next, fieldsEnd: end)
        send(next + [13, 10], index)
    }

    private func remember(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ index: Int) {
        let text = Array(bytes)
        for mark in ["\"cursor\":\"", "\nid: "] {
            guard let place = text.lastIndex(of: Array(mark.utf8)) else { continue }
            let cursor = text[(place + mark.utf8.count)...].prefix { $0 != UInt8(ascii: "\"") && $0 != 10 }
            cursors[index] = String(decoding: cursor, as: UTF8.self)
        }
    }

    private func send(_ bytes: [UInt8], _ index: Int) {
        if let link = readers[index].link, !link.send(bytes) { lose(index) }
    }

    private func lose(_ index: Int) {
        if case .opening = readers[index].state { openingCount -= 1 } else { report.live -= 1 }
        report.lost += 1
        readers[index].state = .closed
        readers[index].link = nil
    }

    // MARK: Commands

    private func obey() {
        var piece = [UInt8](repeating: 0, count: 256)
        let count = read(STDIN_FILENO, &piece, piece.count)
        guard count > 0 else {
            isOver = true
            return
        }
        commands += piece.prefix(count)
        while let end = commands.firstIndex(of: 10) {
            let command = ReaderCommand(rawValue: String(decoding: commands[..<end], as: UTF8.self))
            commands.removeFirst(end + 1)
            switch command {
            case .begin:
                forget()
                slowDown()
            case .report: tell()
            case .storm: comeBack()
            case nil: break
            }
        }
    }

    private func forget() {
        var fresh = ReaderReport()
        fresh.live = report.live
        fresh.connectSeconds = report.connectSeconds
        report = fresh
    }

    private func comeBack() {
        forget()
        report.live = 0
        let count = readers.count
        readers.removeAll(keepingCapacity: true)
        partial.removeAll()
        guard count == order.count, (try? openAll()) != nil else {
            isOver = true
            return
        }
    }

    private func tell() {
        guard let text = try? JSONEncoder().encode(report) else { return }
        FileHandle.standardOutput.write(text + [10])
    }
}

extension PollAnswer {
    fileprivate mutating func withBytes(_ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        // Room in front for a carry; an answer never leaves one.
        var copy = [UInt8](repeating: 0, count: 16) + bytes
        copy.withUnsafeMutableBufferPointer { body(UnsafeMutableBufferPointer(rebasing: $0[16...])) }
    }
}

extension Duration {
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
