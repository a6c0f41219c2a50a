/// A subscription over long polling: one answer after another, over one connection if it may stay open.
internal import HTTP
package import Primitives

package final class PollWire: SubscriptionWire {
    private let subscription: SubscriptionRequest
    private let url: GatewayURL
    private var reader = ResponseReader(byteCountLimit: WireLimits.answerByteCount)
    private var body: [UInt8] = []
    private var isAwaiting = false
    private var hasAnswered = false
    private var away = AwaySign()
    package private(set) var isReusable = true

    package init(_ subscription: SubscriptionRequest, at url: GatewayURL) {
        self.subscription = subscription
        self.url = url
    }

    package func request(after cursor: [UInt8]?, into output: inout ByteBuffer) {
        reader.reset()
        isAwaiting = true
        body.removeAll(keepingCapacity: true)
        output.append(subscription, over: .poll, at: url, cursor: cursor) { head in
            head.append(field: "Accept", "application/json")
        }
    }

    package func receive(
        _ input: inout ByteBuffer, into events: inout [WireEvent], answering output: inout ByteBuffer
    ) throws(ClientFailure) {
        guard isAwaiting, let head = try reader.readHead(&input) else { return }
        isReusable = head.isPersistent
        guard head.status == 200 || head.status == 304 else { return try reader.readProblem(&input) }
        if try reader.readBody(&input, { body.append(contentsOf: $0.array) }) {
            try readAnswer(into: &events)
        }
    }

    package func ended(into events: inout [WireEvent]) throws(ClientFailure) {
        guard isAwaiting, let head = reader.head else { throw reader.problem }
        guard head.status == 200 else { throw reader.problem }
        guard reader.endsWithConnection else { throw .lost(reason: "the gateway closed it inside an answer") }
        try readAnswer(into: &events)
    }

    package func close(into output: inout ByteBuffer) {}

    private func readAnswer(into events: inout [WireEvent]) throws(ClientFailure) {
        isAwaiting = false
        if !hasAnswered { events.append(.subscribed(resumed: nil)) }
        var isEmpty = true
        var isAway: Bool?
        if reader.head?.status == 200 {
            let text = body
            do throws(JSONFailure) {
                var answer = try PollAnswer(text.span)
                let news = answer.gaps + answer.updates + answer.stale
                isAway = answer.isAway
                isEmpty = !answer.isReset && news.isEmpty
                if answer.isReset { events.append(.reset) }
                events.append(contentsOf: news)
                if let cursor = answer.cursor.take() { events.append(.cursor(cursor)) }
            } catch {
                throw .violation("the poll's answer is not the JSON expected, \(error)")
            }
        }
        if !hasAnswered { events.append(.live(resumed: nil)) }
        hasAnswered = true
        if let isAway { away.hear(isAway, into: &events) }
        let pause = reader.head?.field("Retry-After").flatMap { $0.span.decimal }
        events.append(.answered(isEmpty: isEmpty, retryAfterSeconds: pause))
    }
}

/// The members of a poll's answer, in any order.
private struct PollAnswer {
    var cursor: [UInt8]?
    var isReset = false
    var isAway = false
    var updates: [WireEvent] = []
    var gaps: [WireEvent] = []
    var stale: [WireEvent] = []

    init(_ text: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(text)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("cursor", in: text) {
                cursor = try scanner.optionalString()
            } else if name.equals("updates", in: text) {
                try scanner.updates(into: &updates)
            } else if name.equals("reset", in: text) {
                isReset = try scanner.boolean()
            } else if name.equals("away", in: text) {
                isAway = try scanner.boolean()
            } else if name.equals("gaps", in: text) {
                try scanner.enterArray()
                while try scanner.nextElement() { gaps.append(.gap(try TopicNotice(&scanner).gap)) }
            } else if name.equals("stale", in: text) {
                try scanner.enterArray()
                while try scanner.nextElement() {
                    stale.append(.stale(try TopicNotice(&scanner).staleness))
                }
            } else {
                _ = try scanner.value()
            }
        }
        try scanner.end()
    }
}
