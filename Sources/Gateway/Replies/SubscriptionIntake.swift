/// A request to subscribe whose topics stand in its content, because a URL has no room for them.
internal import Broker
internal import HTTP
internal import Primitives

/// It takes the content, and then what was asked for goes on in its place: an event stream or a poll.
final class SubscriptionIntake: Reply {
    private let head: RequestHead
    private var text = ByteBuffer()

    /// Begins to answer `POST` and `QUERY` of `/sse` and `/poll`.
    static func open(_ head: RequestHead, _ settings: SubscriberSettings) throws(Problem) -> Routing {
        guard try !PublishIntake.isLines(head) else {
            throw Problem(415, "bad_request", "A subscription is one JSON object; send application/json.")
        }
        return .body(SubscriptionIntake(head), byteCountLimit: settings.requestByteCount)
    }

    private init(_ head: RequestHead) {
        self.head = head
    }

    var isReading: Bool { true }
    var heldByteCount: Int { text.capacity }

    func received(
        _ content: Span<UInt8>, isEnd: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        if isEnd, text.isEmpty { return begin(content, &response, connection, work) }
        guard work.mayHold(text.count + content.count) else {
            response.abandonRequest(connection, .refused)
            return refuse(work.overloaded(), &response, connection, work)
        }
        text.append(content)
        guard isEnd else { return .goesOn }
        // What stands here is no longer needed once it is understood.
        var whole = ByteBuffer()
        swap(&whole, &text)
        return begin(whole.bytes, &response, connection, work)
    }

    private func begin(
        _ content: Span<UInt8>, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        do throws(Problem) {
            let request = try SubscriptionRequest(head, content: content, from: connection, work)
            let reply: (any Reply)? =
                switch Resource(head.path) {
                case .eventStream: try EventStream.begin(request, head, &response, connection, work)
                default: try LongPoll.begin(request, head, &response, connection, work)
                }
            return reply.map { .continues(in: $0) } ?? .over
        } catch {
            response.refuse(error, connection, work)
            return .over
        }
    }

    /// For want of room, which a stream is told in its own way.
    private func refuse(
        _ problem: Problem, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        if Resource(head.path) == .eventStream {
            EventStream.sendAway(because: problem, &response, connection, work)
        } else {
            response.refuse(problem, connection, work)
        }
        return .over
    }

    func ended(_: Workspace) {}
}
