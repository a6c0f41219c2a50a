/// Publishes lines (NDJSON) of any number for any time, over connections that come and go. It keeps every line until the
/// gateway has said that it is published, and goes on behind the last such line after a cut.
///
/// It blocks the calling thread, which owns it. Any thread or signal handler may wake `stop`.
package import Primitives
package import Transport

package final class BulkPublisher {
    /// When it does something of itself.
    package struct Habits: Sendable {
        /// After so long without a line it sends a blank one. Proxies cut what is silent, after 30 s and more.
        package var keepAwake = Duration.seconds(15)
        /// So long after a line, or after so many bytes, it ends the request to hear that they are published, and begins
        /// the next. What a cut leaves uncertain is not older, and not much more.
        package var confirmAfter = Duration.seconds(5)
        package var confirmByteCount = 4 << 20
        /// After a cut without an answer the lines that may or may not have been published are sent again under their key. For so
        /// long the gateway knows it: `publishers.keyLife` is ten minutes.
        package var repeatsFor = Duration.seconds(540)
        /// Sends them again even after that.
        package var repeatsUncertain = false

        package init() {}
    }

    /// The connection has ended, and another one will be made.
    package struct Interruption {
        package let reason: ClientFailure
        package let retryAfter: Duration
        /// The first line that will be sent again, or is still to come.
        package let nextLine: UInt64
    }

    /// No gateway takes a longer line: the largest `publishers.valueBytes`, and the names around the value.
    private static let lineByteCountLimit = 16 << 20 + 1024

    private let url: GatewayURL
    private let habits: Habits
    private let stop: Wakeup?
    private let tell: (Interruption) -> Void
    private var policy: ReconnectPolicy
    private var generator: SeededGenerator
    private var request: LineRequest?
    /// The beginning of a line whose end has not come.
    private var begun = ByteBuffer()
    /// Whether it is known that the source begins with a byte-order mark or with none.
    private var isPastMark = false
    private var lines = UnconfirmedLines()
    /// Under which the first of `lines` may have been published, by a connection that is gone.
    private var uncertainKey: RequestKey?
    /// Whether `lines` were sent over this connection.
    private var areSent = false
    private var sentAt = Instant.now()
    /// Updates that the gateway has accepted.
    private var accepted: UInt64 = 0

    /// Connects and begins the request. `tell` hears of each cut that publishing outlives.
    package init(
        to url: GatewayURL, _ habits: Habits = Habits(), stop: Wakeup? = nil,
        generator: SeededGenerator = SeededGenerator(seed: .random(in: .min ... .max)),
        tell: @escaping (Interruption) -> Void = { _ in }
    ) throws(ClientFailure) {
        self.url = url
        self.habits = habits
        self.stop = stop
        self.tell = tell
        policy = ReconnectPolicy(generator: generator)
        self.generator = generator
        request = try LineRequest(to: url, under: RequestKey(from: &self.generator), stop: stop)
        policy.connected(now: .now())
    }

    /// The descriptor to wait on beside a slow source: when it is readable, `attend`.
    package var descriptor: Int32 { request?.descriptor ?? -1 }

    /// After so long without `send`, `attend`.
    package var attendAfter: Duration {
        let moment = min(sentAt + habits.keepAwake, confirmAt)
        return max(moment.since(.now()), .zero)
    }

    private var confirmAt: Instant { lines.isEmpty ? .never : lines.since + habits.confirmAfter }

    // MARK: Publishing

    /// Sends the lines that end in a piece of the source, cut anywhere, and keeps the rest for the next piece. A mark that
    /// the source may begin with is left out.
    package func send(_ piece: Span<UInt8>) throws(BulkFailure) {
        begun.append(piece)
        if !isPastMark { isPastMark = begun.dropByteOrderMark() }
        guard isPastMark else { return }
        let end = Self.lastLineEnd(in: begun.bytes, newest: piece.count)
        // The gateway finds the words for a line that is too long, whole or not.
        try sendBegun(end == 0 && begun.count > Self.lineByteCountLimit ? begun.count : end)
        if lines.byteCount >= habits.confirmByteCount { try confirm() } else { try attend() }
    }

    /// Does what is due although no line comes.
    package func attend() throws(BulkFailure) {
        do throws(ClientFailure) {
            try current().check()
            let now = Instant.now()
            if now >= confirmAt { return try turnOver() }
            guard now >= sentAt + habits.keepAwake else { return }
            sentAt = now
            try current().send([ASCII.lineFeed].span)
        } catch {
            try resume(after: error)
        }
    }

    /// Sends what is left, and returns how many updates the gateway has accepted.
    package func finish() throws(BulkFailure) -> UInt64 {
        try sendBegun(begun.count)
        while true {
            do throws(ClientFailure) {
                accepted += try current().finish()
                return accepted
            } catch {
                try settle(error)
                // It was cut behind the last line.
                if lines.isEmpty { return accepted }
                try reconnect(after: error)
            }
        }
    }

    /// Where the last whole line ends; it is sought in the newest bytes only, because earlier ones ended none.
    private static func lastLineEnd(in bytes: Span<UInt8>, newest byteCount: Int) -> Int {
        var end = bytes.count
        let start = max(end - byteCount, 0)
        while end > start, bytes[end - 1] != ASCII.lineFeed { end -= 1 }
        return end > start ? end : 0
    }

    private func sendBegun(_ byteCount: Int) throws(BulkFailure) {
        guard byteCount > 0 else { return }
        sentAt = .now()
        lines.append(begun.bytes.extracting(0..<byteCount), at: sentAt)
        areSent = true
        do throws(ClientFailure) {
            try current().send(begun.bytes.extracting(0..<byteCount))
        } catch {
            try resume(after: error)
        }
        begun.consume(byteCount)
    }

    private func confirm() throws(BulkFailure) {
        do throws(ClientFailure) {
            try turnOver()
        } catch {
            try resume(after: error)
        }
    }

    private func turnOver() throws(ClientFailure) {
        accepted += try current().turnOver(to: RequestKey(from: &generator))
        lines.confirmAll()
        areSent = false
        uncertainKey = nil
        sentAt = .now()
        if try !current().isOpen { try connect() }
    }

    private func current() throws(ClientFailure) -> LineRequest {
        guard let request else { throw .lost(reason: "it is gone") }
        return request
    }

    // MARK: After a cut

    /// Goes on over another connection, or throws why that can't be.
    private func resume(after failure: ClientFailure) throws(BulkFailure) {
        try settle(failure)
        try reconnect(after: failure)
    }

    /// Takes in what the end of a connection says about the lines. Throws if there is no going on.
    private func settle(_ failure: ClientFailure) throws(BulkFailure) {
        let key = request?.key
        request = nil
        if case .refused(let problem) = failure, let count = acceptedCount(problem) {
            accepted += count
            lines.confirm(updateCount: count)
            if areSent { uncertainKey = nil }
            areSent = false
            if !problem.isTemporary { throw BulkFailure(.refused(numbered(problem))) }
        }
        let isUncertain = areSent && !lines.isEmpty
        if isUncertain { uncertainKey = key ?? uncertainKey }
        areSent = false
        guard failure.isTemporary else { throw BulkFailure(failure, uncertain: uncertainLines) }
    }

    private var uncertainLines: ClosedRange<UInt64>? { uncertainKey == nil ? nil : lines.numbers }

    /// Whether the gateway may have forgotten under which key they came.
    private var areForgotten: Bool {
        uncertainKey != nil && !habits.repeatsUncertain && Instant.now() >= lines.since + habits.repeatsFor
    }

    /// How many updates a refusal says were accepted; nil if it comes from a proxy that can't know. The gateway's own
    /// refusal of a whole request has no figure, because it took nothing.
    private func acceptedCount(_ problem: Problem) -> UInt64? {
        if let accepted = problem.accepted { return accepted }
        return areSent && problem.code.isEmpty ? nil : 0
    }

    /// The refusal with the numbers of the source's lines in place of those of this request.
    private func numbered(_ problem: Problem) -> Problem {
        guard problem.line != nil || accepted > 0 else { return problem }
        var problem = problem
        problem.line = lines.firstNumber
        problem.accepted = accepted
        return problem
    }

    /// `failure` without the number of a line of this request, which says nothing to anybody else.
    private func unnumbered(_ failure: ClientFailure) -> ClientFailure {
        guard case .refused(var problem) = failure else { return failure }
        problem.line = nil
        return .refused(problem)
    }

    private func reconnect(after failure: ClientFailure) throws(BulkFailure) {
        var failure = failure
        while true {
            guard !areForgotten, let delay = policy.delay(after: .init(failure), now: .now()) else {
                throw BulkFailure(failure, uncertain: uncertainLines)
            }
            tell(
                Interruption(
                    reason: unnumbered(failure), retryAfter: delay, nextLine: lines.firstNumber))
            try wait(delay)
            do throws(ClientFailure) {
                return try connect()
            } catch {
                failure = error
                try settle(failure)
            }
        }
    }

    /// Connects and sends the unconfirmed lines. An empty request goes ahead of them: whoever refuses that, a proxy
    /// without its gateway too, has taken none of them for sure.
    private func connect() throws(ClientFailure) {
        request = nil
        let key = uncertainKey ?? RequestKey(from: &generator)
        var request = try LineRequest(to: url, under: RequestKey(from: &generator), stop: stop)
        _ = try request.turnOver(to: key)
        if !request.isOpen { request = try LineRequest(to: url, under: key, stop: stop) }
        policy.connected(now: .now())
        self.request = request
        sentAt = .now()
        areSent = !lines.isEmpty
        try lines.send(over: request)
    }

    private func wait(_ delay: Duration) throws(BulkFailure) {
        let wishes = stop.map { [Readiness.Wish($0.descriptor, .read)] } ?? []
        let end = Instant.now() + delay
        var now = Instant.now()
        while now < end {
            if Readiness.wait(for: wishes, timeout: end.since(now)).first == true {
                throw BulkFailure(.stopped, uncertain: uncertainLines)
            }
            now = .now()
        }
    }
}

extension Problem {
    /// Whether the same lines may be taken a little later.
    fileprivate var isTemporary: Bool {
        switch status {
        case 408, 502, 503, 504: true
        // The limit of topics does not go away by waiting.
        case 429: code != "too_many_topics"
        default: false
        }
    }
}

extension ClientFailure {
    fileprivate var isTemporary: Bool {
        switch self {
        case .unreachable, .lost, .silence, .goodbye, .closed: true
        case .refused(let problem): problem.isTemporary
        case .untrusted, .violation, .finished, .stopped: false
        }
    }
}
