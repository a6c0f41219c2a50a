/// A request that publishes: its body is taken as it arrives, its answer comes when the outcome of all is known.
internal import Broker
internal import HTTP
internal import Primitives

final class PublishIntake: Reply {
    enum Kind {
        /// The body is one value.
        case one(topic: [UInt8], UpdateOptions)
        /// There is no body: the topic ends.
        case end(topic: [UInt8])
        /// The body is updates: an object, an array, or NDJSON.
        case many
    }

    private let kind: Kind
    private let isLines: Bool
    /// Under which it is published once; of lines, where they stand.
    private var key: PublishKey?
    /// What the topic must be.
    private let condition: VersionCondition?
    private let lineLimit: Int
    /// A JSON body so far.
    private var text = ByteBuffer()
    /// A large body that is whole and read a few updates at a time.
    private var large: LargeBody?
    private(set) var lines = LineJoiner()
    private var lineNumber: UInt64 = 0
    /// Lines are published together as they come, until some of them were refused.
    private var takesOneByOne = false
    private var pending = PendingBatches()
    /// The outcome of the batches so far.
    private var outcome = PublishOutcome(accepted: 0, lastVersion: nil, time: UnixTime(milliseconds: 0))
    /// Why nothing more is taken.
    private var refusal: Problem?
    /// Why the connection ends with the answer, where the rest of the body is not read.
    private var ending = EndReason.refused
    private var isBodyWhole = false

    init(
        _ kind: Kind, isLines: Bool, under key: PublishKey?, if condition: VersionCondition?,
        _ settings: PublisherSettings
    ) {
        self.kind = kind
        self.isLines = isLines
        self.key = key
        if isLines { self.key?.place = PublishKey.Place() }
        self.condition = condition
        lineLimit = settings.valueByteCount
    }

    /// Publishes the end of a topic, which has no body.
    func takeEnd(_ connection: Connection, _ work: Workspace) throws(Problem) {
        isBodyWhole = true
        guard case .end(let topic) = kind else { return }
        do {
            try work.publishing.append(tombstoneOf: topic.span)
        } catch {
            throw Problem(error)
        }
        if let condition { work.publishing.demand(condition) }
        try publish(connection, work)
    }

    // MARK: Taking

    var isBetweenLines: Bool { isLines && lines.begunByteCount == 0 }

    /// A line may be as short as thirty bytes, and costs two microseconds or more.
    var pieceByteCount: Int { isLines ? 16 * 1024 : .max }

    var heldByteCount: Int { text.capacity + lines.capacity + (large?.heldByteCount ?? 0) }

    /// A publisher that is ahead of the outcomes waits, in the kernel, until some have come.
    var isReading: Bool { !isBodyWhole && refusal == nil && !pending.isFull }

    func received(
        _ content: Span<UInt8>, isEnd: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        isBodyWhole = isEnd
        do throws(Problem) {
            if isLines {
                try takeLines(content, connection, work)
                if isEnd { try takeLastLine(connection, work) }
            } else if isEnd, text.isEmpty {
                try takeWhole(content, connection, work)
            } else {
                guard work.mayHold(text.count + content.count) else { throw work.overloaded() }
                text.append(content)
                if isEnd { try takeCollected(connection, work) }
            }
        } catch {
            refusal = error
        }
        return answerWhenKnown(&response, connection, work)
    }

    /// Takes a body that came in pieces. A large one is read and published in turns of others.
    private func takeCollected(_ connection: Connection, _ work: Workspace) throws(Problem) {
        guard case .many = kind, text.count > work.largeByteCount else {
            return try takeWhole(text.unsafeBytes.span, connection, work)
        }
        large = try LargeBody(&text)
        if large == nil { try takeWhole(text.unsafeBytes.span, connection, work) } else { work.comeBack() }
    }

    private func readOn(_ large: LargeBody, _ connection: Connection, _ work: Workspace) throws(Problem) {
        guard try large.readOn(for: connection.principal, work) else { return work.comeBack() }
        self.large = nil
        guard !large.batch.isEmpty else { return }
        let batch = large.takeBatch(under: key)
        pending.append(try work.publish(large: batch, from: connection), line: 0, at: .never)
    }

    func flush(
        budget _: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard let large else { return .goesOn }
        do throws(Problem) {
            try readOn(large, connection, work)
        } catch {
            self.large = nil
            refusal = error
        }
        return answerWhenKnown(&response, connection, work)
    }

    private func takeWhole(
        _ body: Span<UInt8>, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        switch kind {
        case .one(let topic, let options):
            try UpdateReader.read(value: body, of: topic, options, into: &work.publishing)
            if let condition { work.publishing.demand(condition) }
        case .many: try UpdateReader.read(body: body, into: &work.publishing)
        case .end: return
        }
        try publish(connection, work)
    }

    private func takeLines(
        _ content: Span<UInt8>, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        if let ended = lines.join(content) {
            try takeTogether(ended.first.span, content.extracting(ended.others), connection, work)
        }
        guard lines.begunByteCount <= lineLimit + 1024 else {
            lineNumber += 1
            throw lineTooLong
        }
        guard work.mayHold(lines.begunByteCount) else { throw work.overloaded() }
    }

    /// Publishes the lines of a piece as one batch. If that is refused, none of them was taken: one by one they show how
    /// far it goes, and which is the bad one. One by one they go, too, where some count only if their topics are as they say.
    private func takeTogether(
        _ first: Span<UInt8>, _ others: Span<UInt8>, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        let numberBefore = lineNumber
        var refusal: Problem?
        do throws(Problem) {
            try take(lines: first, connection, work)
            try take(lines: others, connection, work)
        } catch {
            refusal = error
        }
        if publishTogether(connection, work) {
            if let refusal { throw refusal }
            return
        }
        work.publishing.removeAll()
        lineNumber = numberBefore
        takesOneByOne = true
        try take(lines: first, connection, work)
        try take(lines: others, connection, work)
    }

    /// Publishes what was read of a piece, if that can be one batch; whether it was.
    private func publishTogether(_ connection: Connection, _ work: Workspace) -> Bool {
        guard takesOneByOne || !work.publishing.hasConditions else { return false }
        do throws(Problem) {
            try publish(connection, work)
            return true
        } catch {
            return false
        }
    }

    private func take(
        lines: Span<UInt8>, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        var start = 0
        for index in lines.indices where lines[index] == ASCII.lineFeed {
            try take(line: lines.extracting(start..<index), connection, work)
            start = index + 1
        }
    }

    private func takeLastLine(_ connection: Connection, _ work: Workspace) throws(Problem) {
        let line = lines.takeRest()
        guard !line.isEmpty else { return }
        try take(line: line.span, connection, work)
        try publish(connection, work)
    }

    private func take(
        line: Span<UInt8>, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        lineNumber += 1
        let line = lineNumber == 1 ? line.afterByteOrderMark : line
        // Room for the names around the value.
        guard line.count <= lineLimit + 1024 else { throw lineTooLong }
        if line.isBlank { return }
        try UpdateReader.read(line: line, into: &work.publishing)
        if takesOneByOne { try publish(connection, work) }
    }

    private var lineTooLong: Problem {
        Problem(413, "payload_too_large", "A line may have \(lineLimit + 1024) bytes at most.")
    }

    private func publish(_ connection: Connection, _ work: Workspace) throws(Problem) {
        if isLines, key == nil, work.publishing.hasConditions {
            // What follows a line that is in conflict, and is on its way already, must not be published.
            key = PublishKey(streamNamedBy: &work.generator)
        }
        work.publishing.key = key
        var next = key
        next?.place?.pass(work.publishing)
        switch try work.publish(from: connection) {
        case .done(let outcome): count(outcome)
        case .pending(let ticket): pending.append(ticket, line: lineNumber, at: work.now)
        }
        key = next
    }

    private func count(_ outcome: PublishOutcome) {
        self.outcome.accepted += outcome.accepted
        self.outcome.lastVersion = outcome.lastVersion
        self.outcome.time = outcome.time
    }

    // MARK: Outcomes

    func answered(
        _ answer: Answer, to ticket: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard case .published(let result) = answer, let line = pending.remove(ticket) else { return .goesOn }
        switch result {
        case .success(let outcome): count(outcome)
        case .failure(let failure):
            // Those behind it are refused because of it.
            if refusal == nil { lineNumber = line }
            refusal = refusal ?? Problem(failure)
        }
        // Input that waited for room among the pending batches goes on.
        if isReading, connection.hasInput { work.comeBack() }
        return answerWhenKnown(&response, connection, work)
    }

    func refuse(
        _ problem: Problem, _ reason: EndReason, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        if refusal == nil { (refusal, ending) = (problem, reason) }
        return answerWhenKnown(&response, connection, work)
    }

    /// A stream of lines has no end of its own: it is told how far it came, and goes on elsewhere.
    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard isLines, !isBodyWhole else { return .goesOn }
        // For a publisher no life is too long.
        if case .life = work.goodbye { return .goesOn }
        return refuse(.draining(wait: work.reconnectDelay()), .drained, &response, connection, work)
    }

    func deadline(_: Connection, _ work: Workspace) -> Instant {
        pending.deadline(work.configuration.publishers.outcomeTimeout)
    }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        pending.removeAll { work.tickets.redeem($0) }
        refusal = refusal ?? .unknownOutcome
        return answerWhenKnown(&response, connection, work)
    }

    func ended(_ work: Workspace) {
        pending.removeAll { work.tickets.redeem($0) }
    }

    func answerWhenKnown(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard isBodyWhole || refusal != nil, pending.isEmpty, large == nil else { return .goesOn }
        if case .end = kind, outcome.lastVersion == nil { refusal = refusal ?? TopicPage.missing }
        if let refusal {
            // The rest of the body is not read: the connection ends with the answer.
            if !isBodyWhole { response.abandonRequest(connection, ending) }
            response.refuse(refusal, connection, work, extra: progress)
            return .over
        }
        var body = ByteBuffer()
        switch kind {
        case .one(let topic, _): body.append(accepted: topic, outcome, isDeleted: false)
        case .end(let topic): body.append(accepted: topic, outcome, isDeleted: true)
        case .many:
            body.append("{\"accepted\":")
            body.append(decimal: UInt64(outcome.accepted))
            body.append("}\n")
        }
        response.answerJSON(body, connection, work)
        return .over
    }

    /// How far a stream of lines came, for the answer that ends it.
    private var progress: KeyValuePairs<StaticString, UInt64> {
        isLines ? ["line": lineNumber, "accepted": UInt64(outcome.accepted)] : [:]
    }
}

/// The batches of one request whose outcome is not known yet.
private struct PendingBatches {
    /// So many may be on their way: the next ones are read when one of them is decided.
    private static let limit = 16

    private var batches: [(ticket: UInt64, line: UInt64, since: Instant)] = []

    var isEmpty: Bool { batches.isEmpty }
    var isFull: Bool { batches.count >= Self.limit }

    mutating func append(_ ticket: UInt64, line: UInt64, at now: Instant) {
        batches.append((ticket, line, now))
    }

    /// Returns the number of the batch's last line; nil where the ticket is none of these.
    mutating func remove(_ ticket: UInt64) -> UInt64? {
        guard let place = batches.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return batches.remove(at: place).line
    }

    mutating func removeAll(_ forget: (UInt64) -> Void) {
        for batch in batches { forget(batch.ticket) }
        batches = []
    }

    func deadline(_ timeout: Duration) -> Instant {
        batches.first.map { $0.since == .never ? .never : $0.since + timeout } ?? .never
    }
}

extension ByteBuffer {
    /// `{"topic":…,"version":…,"time":…}`, the answer to a publisher of one update.
    fileprivate mutating func append(
        accepted topic: [UInt8], _ outcome: PublishOutcome, isDeleted: Bool
    ) {
        append("{\"topic\":")
        append(jsonString: topic.span)
        append(",\"version\":")
        append(decimal: outcome.lastVersion ?? 0)
        append(",\"time\":")
        append(decimal: outcome.time.milliseconds)
        append(isDeleted ? ",\"deleted\":true}\n" : "}\n")
    }
}
