/// The answer to one request that can't be answered at once: when its body has come, when something changes, for as long as a
/// reader stays.
internal import Broker
internal import HTTP
internal import Primitives

/// A reply belongs to one request. It writes through the responder that it is handed and knows no protocol below that.
protocol Reply: AnyObject {
    /// Whether it can take the request's content now, or whatever a peer sends that needs to send nothing more.
    var isReading: Bool { get }
    /// Whether what has come of the content is whole lines, each taken by itself, so that any time may pass before the next one.
    var isBetweenLines: Bool { get }
    /// The most bytes that a piece of the request's content may have: what there is to do for a piece, nobody interrupts.
    var pieceByteCount: Int { get }
    /// Takes a piece of the request's content.
    func received(
        _ content: Span<UInt8>, isEnd: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress
    /// Something may be waiting for its reader, and the socket takes bytes.
    func flush(
        budget: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress
    /// Its reader can't be served any more.
    func endReader(
        because problem: Problem, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress
    /// The log has lost the stream of updates, or has it again: a reader that asked for signs of life is given one.
    func awayChanged(_ response: inout some Responder, _ connection: Connection, _ work: Workspace)
    /// Its connection's principal is another: where that may not read all that its reader reads, it withdraws.
    func principalChanged(_ connection: Connection, _ work: Workspace)
    /// The answer that it has waited for has come.
    func answered(
        _ answer: Answer, to ticket: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress
    /// The rest of the request's content can't be taken. The connection ends with the answer.
    func refuse(
        _ problem: Problem, _ reason: EndReason, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress
    /// When it is to be looked at, whatever happens.
    func deadline(_ connection: Connection, _ work: Workspace) -> Instant
    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress
    /// The gateway drains: say so, where it would else take long.
    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress
    /// It is over, or its peer is gone: give back all that the workspace keeps for it.
    func ended(_ work: Workspace)

    /// Bytes that it holds beyond what every reply of its kind does: content, a long question.
    var heldByteCount: Int { get }
    var transport: StaticString { get }
    var reader: Reader? { get }
    var maximumRate: Double? { get }
}

enum ReplyProgress {
    case goesOn
    /// The request's content has been taken, and another reply goes on.
    case continues(in: any Reply)
    /// The answer is whole; the peer's next bytes are another request.
    case over
    /// It is known now who has made the request that waited for that: it can be served.
    case admitted(RequestHead)
}

extension Reply {
    func received(
        _: Span<UInt8>, isEnd _: Bool, _: inout some Responder, _: Connection, _: Workspace
    ) -> ReplyProgress { .goesOn }

    func flush(budget _: Int, _: inout some Responder, _: Connection, _: Workspace) -> ReplyProgress {
        .goesOn
    }

    func endReader(
        because _: Problem, _: inout some Responder, _: Connection, _: Workspace
    ) -> ReplyProgress { .goesOn }

    func principalChanged(_: Connection, _: Workspace) {}

    func awayChanged(_: inout some Responder, _: Connection, _: Workspace) {}

    func answered(
        _: Answer, to _: UInt64, _: inout some Responder, _: Connection, _: Workspace
    ) -> ReplyProgress { .goesOn }

    func refuse(
        _ problem: Problem, _ reason: EndReason, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        response.abandonRequest(connection, reason)
        response.refuse(problem, connection, work)
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { .never }

    func deadlineCame(_: inout some Responder, _: Connection, _: Workspace) -> ReplyProgress { .goesOn }

    func sayGoodbye(_: inout some Responder, _: Connection, _: Workspace) -> ReplyProgress { .goesOn }

    var isBetweenLines: Bool { false }
    var pieceByteCount: Int { .max }
    var heldByteCount: Int { 0 }
    var transport: StaticString { "http" }
    var reader: Reader? { nil }
    var maximumRate: Double? { nil }
}
