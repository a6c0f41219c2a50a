/// The protocol of a connection at present: HTTP, a WebSocket. Bytes come in, bytes and wishes go out.
internal import Broker
internal import Primitives

/// A front end belongs to one connection and keeps what its protocol must remember. It knows neither the loop nor the
/// socket: a step leaves bytes in the workspace's `output` and wishes in its `actions`, and the loop sends and performs them
/// when the step is over.
protocol FrontEnd {
    /// Takes what it can of `input` and returns how many bytes that was; 0: it needs more, or nothing now.
    mutating func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ work: Workspace
    ) -> Int
    /// Whether it can take input now. Until it can, the peer's bytes stay in the kernel.
    var isReading: Bool { get }
    /// The peer will send nothing more.
    mutating func inputEnded(_ connection: Connection, _ work: Workspace)
    /// Something may be waiting for the reader of that stream, and the socket takes bytes. `budget` is how many bytes of
    /// updates it may be sent; a single update may be larger.
    mutating func flush(stream: UInt16, budget: Int, _ connection: Connection, _ work: Workspace)
    /// The reader of that stream can't be served any more: it is told why, and ends.
    mutating func endReader(
        _ stream: UInt16, because problem: Problem, _ connection: Connection, _ work: Workspace)
    /// Its connection's principal is another: what that may not read goes.
    mutating func principalChanged(_ connection: Connection, _ work: Workspace)
    /// The answer that a request has waited for has come.
    mutating func answered(_ answer: Answer, to ticket: UInt64, _ connection: Connection, _ work: Workspace)
    /// When it wants to be called if nothing happens before.
    func deadline(_ connection: Connection, _ work: Workspace) -> Instant
    mutating func deadlineCame(_ connection: Connection, _ work: Workspace)
    /// The log has lost the stream of updates, or has it again: a reader that asked for signs of life is given one.
    mutating func awayChanged(_ connection: Connection, _ work: Workspace)
    /// Whether what it reads was replaced, so that it has to be told goodbye.
    mutating func isReplaced(_ connection: Connection, _ work: Workspace) -> Bool
    /// The gateway drains: say so to the peer and end.
    mutating func sayGoodbye(_ connection: Connection, _ work: Workspace)
    /// The connection is gone: give back all that the workspace keeps for it.
    mutating func ended(_ work: Workspace)

    /// Bytes that it holds beyond what every front end of its kind does: of a request or message that is not whole, of commands
    /// that are not carried out.
    var heldByteCount: Int { get }

    /// Its name in `/metrics` and `/connections`.
    var transport: StaticString { get }
    /// Its subscription, where somebody reads here.
    var reader: Reader? { get }
    var maximumRate: Double? { get }
    /// Since when nothing is drained for it because it has not read what it was sent; nil: it is drained.
    var stalledSince: Instant? { get }
}

extension FrontEnd {
    mutating func answered(_: Answer, to _: UInt64, _: Connection, _: Workspace) {}
    mutating func endReader(_: UInt16, because _: Problem, _: Connection, _: Workspace) {}
    mutating func principalChanged(_: Connection, _: Workspace) {}
    mutating func awayChanged(_: Connection, _: Workspace) {}

    mutating func isReplaced(_: Connection, _ work: Workspace) -> Bool {
        reader.map { $0.replica !== work.replica } ?? false
    }

    var heldByteCount: Int { 0 }
    var transport: StaticString { "http" }
    var reader: Reader? { nil }
    var maximumRate: Double? { nil }
    var stalledSince: Instant? { nil }
}

/// A front end's wishes for its connection, performed when its step is over.
struct Actions {
    /// Come back in the next turn, after the others.
    var comesBack = false
    /// Close at once; the bytes in `output` are not sent.
    var end: EndReason?
    /// Tell the log that this reader takes nothing.
    var tellsOfStall = false
    /// The front end from here on.
    var successor: (any FrontEnd)?

    /// Whether there is nothing to do but to send the output. The loop takes a successor as soon as it is named.
    var isNothing: Bool { !comesBack && end == nil && !tellsOfStall }
}
