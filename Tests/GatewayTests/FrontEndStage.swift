/// A front end with all that it works with and nothing below: no loop, no poller, no socket.
import Access
import Broker
import HTTP
import Logging
import Primitives
import Synchronization
import Transport

@testable import Gateway

final class FrontEndStage {
    let clock = ManualClock()
    let sequencer: Sequencer
    let work: Workspace
    let connection: Connection
    var frontEnd: any FrontEnd
    /// What it could not use yet: it is given that again, and more.
    private var unread: [UInt8] = []

    /// `updates` is what publishes go to in place of the sequencer, `peer` the address at the other end; `isRestoring`: what was kept
    /// is not there yet.
    init(
        _ frontEnd: any FrontEnd = HTTP1FrontEnd(), updates: (any UpdateLog)? = nil,
        rights: Rights = .all, peer: String = "stage", addresses: [ListeningAddress] = [],
        isRestoring: Bool = false,
        _ change: (inout GatewayConfiguration) -> Void = { _ in }
    ) {
        var configuration = GatewayConfiguration()
        configuration.publicFolder = nil
        configuration.access.hosts = []
        change(&configuration)
        sequencer = Sequencer(epoch: Epoch("stage"), retention: configuration.retention)
        let control = LoopControl {}
        let shared = GatewayShared(
            configuration: configuration, sequencer: sequencer, log: .silent, files: StaticFiles(),
            loops: [control], addresses: addresses, descriptorLimit: 1000, updates: updates)
        shared.restoringLoopCount.store(isRestoring ? 2 : 0, ordering: .relaxed)
        let inbox = isRestoring ? sequencer.holdInboxes([{}])[0] : sequencer.addInbox {}
        work = Workspace(
            shared: shared, inbox: inbox, control: control, clock: .manual(clock),
            generator: SeededGenerator(seed: 1))
        connection = Connection(
            key: ReaderKey(connection: 7, generation: 3), stream: ByteStream(SilentStream(peer: peer)),
            frontEnd: frontEnd, principal: Principal(name: "ann", rights: rights, proof: .key), now: clock.now
        )
        connection.phase = .serving
        self.frontEnd = frontEnd
    }

    /// Hands the front end all of `text` and returns what it answers.
    @discardableResult
    func receive(_ text: String) -> String {
        var bytes = unread + Array(text.utf8)
        connection.lastReceived = work.now
        var at = 0
        while at < bytes.count, frontEnd.isReading {
            let consumed = bytes.withUnsafeMutableBufferPointer {
                frontEnd.received(.init(rebasing: $0[at...]), connection, work)
            }
            at += consumed
            if let successor = work.actions.successor {
                frontEnd = successor
                work.actions.successor = nil
            } else if consumed == 0 {
                break
            }
        }
        unread = Array(bytes[at...])
        return said()
    }

    /// Hands the front end one masked text frame and returns what it answers.
    @discardableResult
    func receive(message: String) -> String {
        let payload = Array(message.utf8)
        precondition(payload.count < 126, "a short message")
        // A mask of zeros leaves the payload as it is.
        let frame = [0x81, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
        return receive(bytes: frame)
    }

    func receive(bytes: [UInt8]) -> String {
        var bytes = bytes
        let count = bytes.count
        _ = bytes.withUnsafeMutableBufferPointer { frontEnd.received($0, connection, work) }
        precondition(count > 0)
        return said()
    }

    func flush() -> String {
        follow()
        frontEnd.flush(stream: 0, budget: 64 * 1024, connection, work)
        return said()
    }

    /// Takes what was published, marks all readers and goes on with what they have asked for.
    func follow() {
        work.catchUp()
        var ration = Ration(steps: .max)
        work.replica.mark(&ration)
        var advanced: [SubscriberID] = []
        ration = Ration(steps: .max)
        work.replica.walk(&ration, into: &advanced)
    }

    /// What the mailbox has brought, delivered as the loop would.
    func deliver() -> String {
        for message in work.mailbox.take() {
            guard case .answer(let answer, let ticket) = message, work.tickets.redeem(ticket) != nil else {
                continue
            }
            frontEnd.answered(answer, to: ticket, connection, work)
        }
        return said()
    }

    /// Of a gateway that is alone.
    func beginDrain(endingIn rest: Duration) {
        work.shared.drain.begin()
        var settings = work.configuration.drain
        settings.deadline = rest
        work.drainPlan = DrainPlan(settings, load: .zero, avoided: nil, at: clock.now)
    }

    func pass(_ duration: Duration) -> String {
        clock.advance(by: duration)
        work.beginTurn()
        frontEnd.deadlineCame(connection, work)
        return said()
    }

    /// Hands the front end bytes behind those that it could not use yet.
    func receive(unread bytes: [UInt8]) {
        var bytes = unread + bytes
        connection.lastReceived = work.now
        var at = 0
        while at < bytes.count, frontEnd.isReading {
            let consumed = bytes.withUnsafeMutableBufferPointer {
                frontEnd.received(.init(rebasing: $0[at...]), connection, work)
            }
            if consumed == 0 { break }
            at += consumed
        }
        unread = Array(bytes[at...])
    }

    func saidBytes() -> [UInt8] {
        defer { work.output.removeAll() }
        return work.output.array
    }

    /// What stands in the output, which is then as good as sent.
    func said() -> String {
        defer { work.output.removeAll() }
        return work.output.unsafeBytes.span.text
    }
}

/// A stream that takes everything and brings nothing.
private final class SilentStream: LayeredStream {
    var number: Int32 { -1 }
    func handshake() -> ByteStream.HandshakeOutcome { .done }
    func read(into _: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome { .blocked(until: .read) }
    func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome { .bytes(bytes.count) }
    func endWriting() {}
    var sinceAcknowledgement: Duration { .zero }
    var roundTrip: Duration { .zero }
    var unsentByteCount: Int { 0 }
    let peer: String

    init(peer: String) {
        self.peer = peer
    }
}

/// A protocol below the answers that is not HTTP/1.1: it writes down what it is asked to do.
struct RecordingResponder: Responder {
    private(set) var steps: [String] = []

    private final class Fields: ResponseFields {
        var lines: [String] = []
        func add(_ name: StaticString, bytes value: UnsafeBufferPointer<UInt8>) {
            lines.append("\(name)=\(value.span.text)")
        }
    }

    mutating func share(with origin: [UInt8]) { steps.append("share with \(origin.span.text)") }

    mutating func begin(
        _ status: Int, _ contentType: StaticString?, _ content: ContentLength, _: Connection, _: Workspace,
        fields: (any ResponseFields) -> Void
    ) {
        let recorded = Fields()
        fields(recorded)
        steps.append(
            "begin \(status) \(contentType.map { "\($0)" } ?? "-") \(content) "
                + recorded.lines.joined(separator: " "))
    }

    mutating func write(_: Workspace, _ body: (inout ByteBuffer) -> Void) {
        var content = ByteBuffer()
        body(&content)
        steps.append("write \(content.bytes.text)")
    }

    mutating func end(_: Connection, _: Workspace) { steps.append("end") }
    mutating func sendContinue(_: Workspace) { steps.append("continue") }
    mutating func abandonRequest(_: Connection, _: EndReason) { steps.append("abandon") }
    mutating func close() { steps.append("close") }
}

/// A log whose outcomes come when the test says so.
final class SlowLog: UpdateLog {
    private struct State {
        var tickets: [PublishTicket] = []
        var accepted: [Int] = []
    }
    private let state = Mutex(State())
    let refusal: PublishFailure? = nil

    /// How many batches wait for their outcome.
    var pendingCount: Int { state.withLock { $0.tickets.count } }

    func publish(
        _ batch: borrowing UpdateBatch, time _: UnixTime, at _: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        let count = batch.count
        state.withLock { state in
            if let ticket { state.tickets.append(ticket) }
            state.accepted.append(count)
        }
        return .pending
    }

    /// Decides the batch at `place` among those that wait.
    func decide(_ place: Int = 0, failing failure: PublishFailure? = nil) {
        let (ticket, count) = state.withLock {
            ($0.tickets.remove(at: place), $0.accepted.remove(at: place))
        }
        ticket.receiver.received(
            failure.map { .failure($0) }
                ?? .success(PublishOutcome(accepted: count, lastVersion: 7, time: .now())),
            for: ticket.number)
    }
}
