/// A whole loop with a machine that does what it is told: streams that take everything, and a clock that stands still.
import Access
import Broker
import HTTP
import Logging
import Primitives
import Synchronization
import Transport

@testable import Gateway

final class LoopStage {
    let clock: ManualClock
    let sequencer: Sequencer
    let shared: GatewayShared
    let loop: GatewayLoop
    let control: LoopControl
    private let kernel: ObedientKernel
    private var ready: [Poller.Event] = []

    init(
        updates: (any UpdateLog)? = nil, _ change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = GatewayConfiguration()
        configuration.publicFolder = nil
        configuration.access.hosts = []
        configuration.http.connectionLimit = 1_000_000
        change(&configuration)
        clock = ManualClock()
        sequencer = Sequencer(epoch: Epoch("stage"), retention: configuration.retention)
        kernel = ObedientKernel(.manual(clock))
        control = LoopControl {}
        let address = try SocketAddress.resolve(host: "127.0.0.1", port: 8080)[0]
        shared = GatewayShared(
            configuration: configuration, sequencer: sequencer, log: .silent, files: StaticFiles(),
            loops: [control], addresses: [ListeningAddress(address, of: Endpoint())],
            descriptorLimit: 1_000_000, updates: updates)
        shared.isReady.store(true, ordering: .releasing)
        loop = GatewayLoop(
            shared: shared, inbox: sequencer.addInbox {}, control: control, kernel: kernel,
            generator: SeededGenerator(seed: 1))
    }

    /// A client connects and says that.
    func connect(_ text: String) -> LoopClient {
        let client = LoopClient(clock)
        client.say(text)
        kernel.backlog.append(client)
        return client
    }

    func reader(_ target: String) -> LoopClient { connect("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n") }

    func webSocket(_ query: String = "") -> LoopClient {
        connect(
            "GET /ws\(query) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    }

    func publish(_ names: [String], to sequencer: Sequencer? = nil) throws {
        var batch = UpdateBatch()
        for name in names { try batch.append(topic: Array(name.utf8).span, data: [49].span) }
        try (sequencer ?? self.sequencer).publish(batch, time: clock.time, at: clock.now)
    }

    /// Turns as long as the loop has something to do at this moment; returns how often.
    @discardableResult
    func turn() throws -> Int {
        for count in 0..<100_000 {
            ready.removeAll(keepingCapacity: true)
            if loop.wantsEvents { kernel.wait(timeout: nil, into: &ready) }
            let wait = loop.timeout()
            if ready.isEmpty, wait.map({ $0 > .zero }) ?? true { return count }
            loop.turn(ready)
        }
        preconditionFailure("the loop does not come to rest")
    }

    /// Time goes on, and the loop turns when it wants to.
    func pass(_ duration: Duration) throws {
        let end = clock.now + Interval(duration)
        try turn()
        while let wait = loop.timeout(), clock.now + Interval(wait) <= end {
            // A poller wakes a little late rather than a little early.
            clock.advance(by: max(wait, .milliseconds(1)))
            try turn()
        }
        if clock.now < end { clock.advance(by: end.since(clock.now)) }
        try turn()
    }
}

/// The other end of a connection.
final class LoopClient: LayeredStream {
    private let clock: ManualClock
    private var unread: [UInt8] = []
    private var saidCount = 0
    private(set) var received: [UInt8] = []
    /// When it was last told something.
    private(set) var toldAt = Instant.never
    private(set) var isEnded = false
    fileprivate var interest: Poller.Interest = []

    init(_ clock: ManualClock) {
        self.clock = clock
    }

    private var hasLeft = false

    func say(_ text: String) { unread += Array(text.utf8) }

    /// It closes its end, and with it the connection.
    func leave() { hasLeft = true }

    /// Says one masked text frame; a mask of zeros leaves the payload as it is.
    func say(message: String) {
        let payload = Array(message.utf8)
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)]
            : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        unread += [0x81] + length + [0, 0, 0, 0] + payload
    }

    /// What has come since the last time.
    func hear() -> String {
        defer { saidCount = received.count }
        return String(decoding: received[saidCount...], as: UTF8.self)
    }

    fileprivate var isReadable: Bool { interest.contains(.read) && !unread.isEmpty }
    fileprivate var isHungUp: Bool { hasLeft }

    var number: Int32 { -1 }
    func handshake() -> ByteStream.HandshakeOutcome { .done }
    func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome {
        guard !unread.isEmpty else { return hasLeft ? .ended : .blocked(until: .read) }
        let count = min(space.count, unread.count)
        for place in 0..<count { space[place] = unread[place] }
        unread.removeFirst(count)
        return .bytes(count, holdsMore: false)
    }
    func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome {
        received += bytes
        toldAt = clock.now
        return .bytes(bytes.count)
    }
    func endWriting() { isEnded = true }
    var sinceAcknowledgement: Duration { .zero }
    var roundTrip: Duration { .zero }
    var unsentByteCount: Int { 0 }
    var peer: String { "stage" }
}

/// It tells all that there is to tell, and nothing else.
private final class ObedientKernel: Kernel {
    let clock: Clock
    var backlog: [LoopClient] = []
    private var watched: [UInt32: LoopClient] = [:]
    private var tokens: [ObjectIdentifier: UInt32] = [:]

    init(_ clock: Clock) {
        self.clock = clock
    }

    func wait(timeout _: Duration?, into ready: inout [Poller.Event]) {
        if !backlog.isEmpty { ready.append(Poller.Event(listener: 0)) }
        for (token, client) in watched.sorted(by: { $0.key < $1.key })
        where client.isReadable || client.isHungUp {
            ready.append(
                Poller.Event(token: token, isReadable: true, isWritable: false, isHungUp: client.isHungUp))
        }
    }

    func watch(_ stream: borrowing ByteStream, token: UInt32, _ interest: Poller.Interest) {
        guard let client = stream.layered as? LoopClient else { return }
        watched[token] = client
        tokens[ObjectIdentifier(client)] = token
        client.interest = interest
    }

    func rewatch(_ stream: borrowing ByteStream, token _: UInt32, _ interest: Poller.Interest) {
        (stream.layered as? LoopClient)?.interest = interest
    }

    func unwatch(_ stream: borrowing ByteStream) {
        guard let client = stream.layered as? LoopClient else { return }
        if let token = tokens.removeValue(forKey: ObjectIdentifier(client)) { watched[token] = nil }
    }

    func open(_: consuming Listener, as _: Int) {}
    func close(listener _: Int) {}
    func accept(from _: Int) -> Listener.Acceptance {
        backlog.isEmpty ? .none : .connection(ByteStream(backlog.removeFirst()))
    }
    func turnAway(from _: Int, with _: Span<UInt8>) -> Listener.Farewell { .nobodyWaits }
    func tell(ofListener _: Int, _: Bool) {}
    func closeListeners() { backlog = [] }
}
