/// One subscription, kept up over links that come and go: it connects, resumes, and reports events.
///
///     let stream = SubscriptionStream(SubscriptionRequest(topics: ["stocks/*"]), at: url, over: .webSocket)
///     var events: [SubscriptionEvent] = []
///     while stream.next(into: &events) {
///         for event in events { … }
///         events.removeAll(keepingCapacity: true)
///     }
///
/// It blocks the calling thread, which owns it. Any thread or signal handler may wake `stop`.
package import Primitives
package import Transport

package final class SubscriptionStream {
    private enum Phase {
        case connecting
        case open(any SubscriptionWire)
        case waiting(until: Instant)
        case ended
    }

    /// How long connecting may take.
    private static let connectTimeout = Duration.seconds(10)
    /// After a goodbye the gateway ends the link within this time, or this side does.
    private static let goodbyePatience = Duration.seconds(5)

    private let subscription: SubscriptionRequest
    private let url: GatewayURL
    private let transport: SubscriptionTransport
    private let reconnects: Bool
    private let stop: Wakeup?
    private var policy: ReconnectPolicy
    private var state: SubscriptionState
    private var phase = Phase.connecting
    private var link: Link?
    private var heard: [WireEvent] = []
    /// Silence until this moment means that the link is dead.
    private var deadline = Instant.never
    private var requestedAt = Instant(nanoseconds: 0)
    private var hasAskedWithCursor = false
    private var farewell: ClientFailure?
    /// Why the stream has ended; nil while it has not.
    package private(set) var failure: ClientFailure?

    package init(
        _ subscription: SubscriptionRequest, at url: GatewayURL, over transport: SubscriptionTransport,
        cursor: [UInt8]? = nil, reconnects: Bool = true,
        longestDelay: Duration = ReconnectPolicy.maximumDelay, stop: Wakeup? = nil,
        generator: SeededGenerator = SeededGenerator(seed: .random(in: .min ... .max))
    ) {
        self.subscription = subscription
        self.url = url
        self.transport = transport
        self.reconnects = reconnects
        self.stop = stop
        policy = ReconnectPolicy(generator: generator, longestDelay: longestDelay)
        state = SubscriptionState(cursor: cursor)
    }

    /// The last cursor that was reported, or the initial one.
    package var cursor: [UInt8]? { state.cursor }
    /// Updates reported.
    package var receivedCount: UInt64 { state.received }
    /// Updates that newer ones replaced on the way; versions show how many.
    package var conflatedCount: UInt64 { state.conflated }
    /// Updates lost in gaps, as far as the gateway knew.
    package var missedCount: UInt64 { state.missed }
    /// Updates that came again after a resume and were dropped.
    package var repeatCount: UInt64 { state.repeats }

    /// Waits until something happens and appends it to `events`; false once the stream has ended.
    package func next(into events: inout [SubscriptionEvent]) -> Bool {
        let before = events.count
        while events.count == before {
            switch phase {
            case .connecting: connect(into: &events)
            case .open(let wire): listen(to: wire, into: &events)
            case .waiting(let moment): wait(until: moment)
            case .ended: return false
            }
        }
        return true
    }

    private func connect(into events: inout [SubscriptionEvent]) {
        do throws(ClientFailure) {
            link = try Link(to: url, within: Self.connectTimeout, unless: stop)
        } catch {
            return end(with: error, into: &events)
        }
        farewell = nil
        state.begin(into: &events)
        let wire = makeWire()
        phase = .open(wire)
        request(over: wire)
    }

    private func makeWire() -> any SubscriptionWire {
        switch transport {
        case .webSocket: WebSocketWire(subscription, at: url)
        case .eventStream: EventStreamWire(subscription, at: url)
        case .poll: PollWire(subscription, at: url)
        }
    }

    private func request(over wire: any SubscriptionWire) {
        requestedAt = .now()
        hasAskedWithCursor = state.cursor != nil
        deadline = requestedAt + silenceLimit
        link?.send(requestOf: wire, after: state.cursor)
    }

    private var silenceLimit: Duration {
        .seconds(subscription.silenceLimitSeconds(transport))
    }

    /// Reads once, and reports what came.
    private func listen(to wire: any SubscriptionWire, into events: inout [SubscriptionEvent]) {
        heard.removeAll(keepingCapacity: true)
        var ending: ClientFailure?
        do throws(ClientFailure) {
            try hear(wire)
        } catch {
            ending = error
        }
        let answer = tell(into: &events)
        if let ending {
            end(with: ending, into: &events)
        } else if let answer {
            continuePolling(wire, after: answer, into: &events)
        }
    }

    private func hear(_ wire: any SubscriptionWire) throws(ClientFailure) {
        guard var link = link.take() else { throw .lost(reason: "it is gone") }
        do throws(ClientFailure) {
            try hear(wire, over: &link)
        } catch {
            link.writePending()  // Sends the answer to a close frame, if the kernel takes it.
            throw error
        }
        self.link = consume link
    }

    private func hear(_ wire: any SubscriptionWire, over link: inout Link) throws(ClientFailure) {
        switch try link.receive(until: deadline, unless: stop) {
        case .bytes:
            if farewell == nil { deadline = .now() + silenceLimit }
            try wire.receive(&link.input, into: &heard, answering: &link.output)
        case .ended: try wire.ended(into: &heard)
        case .timedOut:
            throw farewell ?? .silence(seconds: subscription.silenceLimitSeconds(transport))
        case .stopped:
            wire.close(into: &link.output)
            throw .stopped
        }
    }

    private struct Answer {
        let isEmpty: Bool
        let pauseSeconds: UInt64?
    }

    /// Turns wire events into subscription events. Returns the answer that a poll got; nil without one.
    private func tell(into events: inout [SubscriptionEvent]) -> Answer? {
        var answer: Answer?
        for event in heard {
            switch event {
            case .subscribed: policy.connected(now: .now())
            case .retry(let milliseconds): policy.hint(.milliseconds(Int64(clamping: milliseconds)))
            case .goodbye(let reason, let milliseconds):
                // How long the gateway is away says nothing of the streams to come.
                policy.hint(ReconnectPolicy.initialDelay)
                farewell = .goodbye(reason: reason, reconnectAfterMilliseconds: milliseconds)
                deadline = .now() + Self.goodbyePatience
            case .answered(let isEmpty, let pause): answer = Answer(isEmpty: isEmpty, pauseSeconds: pause)
            case .update, .cursor, .live, .reset, .gap, .stale, .heartbeat, .away, .error: break
            }
            state.apply(event, over: transport, into: &events)
        }
        return answer
    }

    private func continuePolling(
        _ wire: any SubscriptionWire, after answer: Answer, into events: inout [SubscriptionEvent]
    ) {
        if let pause = answer.pauseSeconds, pause > 0 {
            let milliseconds = pause.multipliedReportingOverflow(by: 1000)
            let after = milliseconds.overflow ? .max : milliseconds.partialValue
            return end(with: .goodbye(reason: "", reconnectAfterMilliseconds: after), into: &events)
        }
        let waited = Instant.now().since(requestedAt)
        if answer.isEmpty, hasAskedWithCursor, waited < .seconds(subscription.waitSeconds) / 2 {
            // It does not wait, and names no pause: asking again at once would spin.
            return end(with: .lost(reason: "the gateway answered early, with nothing"), into: &events)
        }
        if wire.isReusable { return request(over: wire) }
        link = nil
        phase = .connecting
    }

    private func end(with failure: ClientFailure, into events: inout [SubscriptionEvent]) {
        link = nil
        let known = isAboutLink(failure) ? farewell ?? failure : renewed(failure)
        farewell = nil
        let delay = delay(after: known)
        if let delay {
            phase = .waiting(until: .now() + delay)
        } else {
            phase = .ended
            self.failure = known
        }
        events.append(.disconnected(known, retryAfter: delay))
    }

    /// A refusal of what was shown ends nothing where there is something else to show by now.
    private func renewed(_ failure: ClientFailure) -> ClientFailure {
        guard case .refused(let problem) = failure, problem.status == 401,
            url.credential?.hasChanged ?? false
        else { return failure }
        return .lost(reason: "what was shown has expired")
    }

    /// Whether an earlier goodbye explains this failure.
    private func isAboutLink(_ failure: ClientFailure) -> Bool {
        switch failure {
        case .lost, .closed, .silence: true
        case .unreachable, .untrusted, .refused, .goodbye, .violation, .finished, .stopped: false
        }
    }

    private func delay(after failure: ClientFailure) -> Duration? {
        let delay = policy.delay(after: .init(failure), now: .now())
        return reconnects ? delay : nil
    }

    private func wait(until moment: Instant) {
        let now = Instant.now()
        guard now < moment else {
            phase = .connecting
            return
        }
        let wishes = stop.map { [Readiness.Wish($0.descriptor, .read)] } ?? []
        if Readiness.wait(for: wishes, timeout: moment.since(now)).first == true {
            phase = .ended
            failure = .stopped
        }
    }
}
