// Promise: what publishers and WebSocket clients send is taken whole or refused with one of the protocol's codes and an
// empty batch, the same wherever in memory it stands. What is taken can be named: every topic passes the rules for
// names, every value is one line and one JSON value in Foundation's opinion too, there are never more updates than
// commas, and what is taken, written anew, is taken again as the same. A line, a body and a `publish` message of the
// same updates say the same.
//
// The first byte of the input chooses the reader, the rest is the text.

import Broker
import Primitives

@testable import Broker
@testable import Gateway

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 1 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 3 {
    case 0: fuzzMessage(repaired(input))
    case 1: fuzzLine(input)
    default: fuzzBody(input)
    }
    return 0
}

/// Asks `read` twice: of the text alone, where a byte too far is seen, and of the same text between others.
func everywhere<Outcome: Equatable>(_ text: [UInt8], _ read: (Span<UInt8>) -> Outcome) -> Outcome {
    let alone = text.withUnsafeBufferPointer { original in
        // An array has room to spare behind its last byte; this has none.
        let exact = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: original.count)
        defer { exact.deallocate() }
        _ = exact.initialize(from: original)
        return read(UnsafeBufferPointer(exact).span)
    }
    let surrounded = Array("\"}]".utf8) + text + Array(",\"}]\n".utf8)
    promise(alone == read(surrounded.span.extracting(3..<3 + text.count)), "the place made a difference")
    return alone
}

// MARK: Updates

struct GivenUpdate: Equatable {
    let topic: [UInt8]
    /// Nil: a tombstone.
    let data: [UInt8]?
}

/// What became of a text: the updates in it, or the code that refuses it.
enum Taken: Equatable {
    case updates([GivenUpdate])
    case refused(String)
}

func taken(
    _ text: [UInt8], _ read: (Span<UInt8>, inout UpdateBatch) throws(Problem) -> Void
) -> Taken {
    everywhere(text) { text in
        var batch = UpdateBatch()
        do throws(Problem) {
            try read(text, &batch)
            return .updates(updates(in: batch))
        } catch {
            check(error, batch)
            return .refused(error.code)
        }
    }
}

func line(_ text: [UInt8]) -> Taken {
    taken(text) { text, batch throws(Problem) in try UpdateReader.read(line: text, into: &batch) }
}

func body(_ text: [UInt8]) -> Taken {
    taken(text) { text, batch throws(Problem) in try UpdateReader.read(body: text, into: &batch) }
}

/// What the batch holds. The only place that knows how a batch is made.
func updates(in batch: borrowing UpdateBatch) -> [GivenUpdate] {
    var updates: [GivenUpdate] = []
    for entry in batch.entries {
        updates.append(
            GivenUpdate(topic: Array(batch.name(of: entry)), data: batch.data(of: entry).map { Array($0) }))
    }
    return updates
}

func check(_ problem: Problem, _ batch: borrowing UpdateBatch) {
    promise(Problem.codes.contains(problem.code) && (400..<500).contains(problem.status), "no such problem")
    promise(batch.isEmpty && batch.byteCount == 0, "a refused batch holds something")
}

func check(_ taken: Taken, of text: [UInt8]) {
    guard case .updates(let updates) = taken else { return }
    promise(updates.count <= text.count { $0 == ASCII.comma }, "more updates than commas")
    for update in updates {
        promise(isTopic(update.topic), "a topic that may not be")
        guard let data = update.data else { continue }
        promise(!data.contains { $0 == 10 || $0 == 13 }, "a value of two lines")
        promise(foundationAccepts(data) != false, "Foundation reads no value in it")
    }
    promise(body(written(updates)) == taken || isDeep(text), "written anew it is something else")
}

func isTopic(_ name: [UInt8]) -> Bool {
    do throws(TopicFailure) {
        try TopicName.check(name.span)
        return true
    } catch { return false }
}

/// Deep texts may be refused once something is put around them.
func isDeep(_ text: [UInt8]) -> Bool {
    text.count { $0 == ASCII.openBrace || $0 == ASCII.openBracket } >= JSONScanner.depthLimit - 2
}

/// A body of these updates, as the plainest publisher writes it.
func written(_ updates: [GivenUpdate]) -> [UInt8] {
    var text = ByteBuffer()
    text.append("[")
    for (place, update) in updates.enumerated() {
        text.append(place == 0 ? "{\"topic\":" : ",{\"topic\":")
        text.append(jsonString: update.topic.span)
        text.append(update.data == nil ? ",\"deleted\":true" : ",\"data\":")
        text.append(update.data ?? [])
        text.append("}")
    }
    text.append("]")
    return text.bytes.array
}

func fuzzLine(_ text: [UInt8]) {
    let taken = line(text)
    check(taken, of: text)
    if case .updates(let updates) = taken { promise(updates.count == 1, "a line is one update") }
    if case .updates = body(text), !text.drop(while: { $0 <= ASCII.space }).starts(with: [ASCII.openBracket])
    {
        promise(taken == body(text), "a body of one update is no line of it")
    }
}

func fuzzBody(_ text: [UInt8]) {
    let taken = body(text)
    check(taken, of: text)
    guard String(validating: text, as: UTF8.self) != nil, !isDeep(text) else { return }
    if text.drop(while: { $0 <= ASCII.space }).starts(with: [ASCII.openBrace]) {
        let alone = line(text)
        if case .updates = taken { promise(alone == taken, "a line of one update is no body of it") }
    } else if case .updates = taken {
        let message = Array(#"{"type":"publish","updates":"#.utf8) + text + [ASCII.closeBrace]
        promise(Said(message).updates == taken, "a message of the same updates is another")
    }
}

// MARK: Messages

/// What a message was understood as, in values that can be compared.
struct Said: Equatable {
    var id: [UInt8]?
    var kind = ""
    var topics: [[UInt8]] = []
    var cursor: [UInt8]?
    /// Nil: unchanged.
    var rate: Double??
    var last: Int?
    var wantsStaleness = false
    var updates = Taken.updates([])

    init(_ text: [UInt8]) {
        self = everywhere(text) { Said($0) }
    }

    private init(_ text: Span<UInt8>) {
        var batch = UpdateBatch()
        let parsed = ClientCommand.parse(text, into: &batch)
        id = parsed.id
        switch parsed.command {
        case .success(let command):
            note(command)
            updates = .updates(Fuzzer.updates(in: batch))
        case .failure(let problem):
            check(problem, batch)
            kind = "refused"
            updates = .refused(problem.code)
        }
    }

    private mutating func note(_ command: ClientCommand) {
        switch command {
        case .subscribe(let patterns, let cursor, let last, let rate, let wantsStaleness):
            kind = "subscribe"
            self.last = last
            self.wantsStaleness = wantsStaleness
            topics = patterns.map(\.text)
            self.cursor = cursor
            note(rate)
        case .unsubscribe(let patterns):
            kind = "unsubscribe"
            topics = patterns.map(\.text)
        case .pace(let rate):
            kind = "pace"
            note(rate)
        case .publish: kind = "publish"
        case .auth: kind = "auth"
        case .ping: kind = "ping"
        }
    }

    private mutating func note(_ rate: ClientCommand.RateRequest) {
        if case .limit(let limit) = rate { self.rate = .some(limit) }
    }

    /// The same message, as the plainest client writes it.
    var written: [UInt8] {
        var text = ByteBuffer()
        text.append("{\"type\":\"")
        text.append(Array(kind.utf8))
        text.append("\"")
        if let id {
            text.append(",\"id\":")
            text.append(id)
        }
        for (place, topic) in topics.enumerated() {
            text.append(place == 0 ? ",\"topics\":[" : ",")
            text.append(jsonString: topic.span)
        }
        if !topics.isEmpty { text.append("]") }
        if let cursor {
            text.append(",\"cursor\":")
            text.append(jsonString: cursor.span)
        }
        if let rate {
            text.append(",\"maxRate\":")
            text.append(Array((rate.map { "\($0)" } ?? "null").utf8))
        }
        if let last { text.append(Array(",\"last\":\(last)".utf8)) }
        if wantsStaleness { text.append(",\"stale\":true") }
        if kind == "publish", case .updates(let updates) = updates {
            text.append(",\"updates\":")
            text.append(Fuzzer.written(updates))
        }
        text.append("}")
        return text.bytes.array
    }
}

func fuzzMessage(_ text: [UInt8]) {
    let said = Said(text)
    if let id = said.id {
        promise(id.count <= 256, "a long id would be echoed")
        promise(foundationAccepts(id) != false, "Foundation reads no value in the id")
    }
    guard said.kind != "refused" else { return }
    if case .updates(let updates) = said.updates {
        promise(updates.isEmpty || said.kind == "publish", "updates in a message that publishes none")
    }
    check(said.updates, of: text)
    for topic in said.topics { promise(isPattern(topic), "a pattern that may not be") }
    if let last = said.last { promise((0...1_000_000).contains(last), "a log that can't be so long") }
    if let rate = said.rate, let rate { promise(rate.isFinite && rate > 0, "a pace that cannot be kept") }
    promise(Said(said.written) == said || isDeep(text), "written anew it says something else")
}

func isPattern(_ text: [UInt8]) -> Bool {
    do throws(TopicFailure) {
        _ = try TopicPattern(text.span)
        return true
    } catch { return false }
}
