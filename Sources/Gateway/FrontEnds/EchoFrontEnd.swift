/// A WebSocket that sends each message back, for the conformance suite.
internal import HTTP
internal import Primitives
internal import WebSocket

final class EchoFrontEnd: FrontEnd {
    private var end: WebSocketEnd

    /// Answers the upgrade request.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> EchoFrontEnd {
        let opening = try OpeningHandshake(head, work.configuration.subscribers.compression)
        opening.answer(&response, connection, work)
        return EchoFrontEnd(WebSocketEnd(opening.agreement, work.configuration.subscribers))
    }

    private init(_ end: consuming WebSocketEnd) {
        self.end = end
    }

    var transport: StaticString { "websocket" }
    var isReading: Bool { true }
    var heldByteCount: Int { end.heldByteCount }

    func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ work: Workspace
    ) -> Int {
        let (consumed, event) = end.next(input, connection, work)
        guard let event, case .accepted? = end.admit(connection, work) else { return consumed }
        switch event {
        case .message(let opcode, let range):
            answer(opcode, UnsafeBufferPointer(rebasing: input[range]).span, work)
        case .assembledMessage(let opcode): answer(opcode, end.takeAssembled().span, work)
        case .ping(let range):
            work.output.append(frame: .pong, payload: UnsafeBufferPointer(rebasing: input[range]).span)
        case .pong, .close: break
        }
        return consumed
    }

    private func answer(_ opcode: Opcode, _ message: Span<UInt8>, _ work: Workspace) {
        work.compression.append(opcode, message, end.compression, now: work.now, to: &work.output)
    }

    func inputEnded(_: Connection, _ work: Workspace) {
        work.actions.end = end.ending ?? .peer
    }

    func flush(stream _: UInt16, budget _: Int, _: Connection, _: Workspace) {}

    func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
        end.maySend ? end.messageDeadline(work) : end.closeDeadline(connection, work)
    }

    func deadlineCame(_ connection: Connection, _ work: Workspace) {
        guard end.maySend else {
            if work.now >= deadline(connection, work) { work.actions.end = end.ending ?? .timeout }
            return
        }
        end.refuseSlowMessage(connection, work)
    }

    func sayGoodbye(_ connection: Connection, _ work: Workspace) {
        end.close(with: .goingAway, reason: work.goodbye.detail, work.goodbye.ending, connection, work)
    }

    func ended(_: Workspace) {}
}
