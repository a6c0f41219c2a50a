import Access
import Broker
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// Ending connections on all nodes of a cluster, as one of them does it.
@Suite struct FleetDisconnectionTests {
    /// Other nodes that do what the test says.
    private final class Others: UpdateLog {
        struct Order {
            let content: String
            let receiver: any OrderReceiver
        }
        private let state = Mutex<(orders: [Order], isFull: Bool, fleet: Fleet?)>(([], false, nil))
        let refusal: PublishFailure? = nil
        let isShared = true

        var isFull: Bool {
            get { state.withLock { $0.isFull } }
            set { state.withLock { $0.isFull = newValue } }
        }
        var fleet: Fleet? {
            get { state.withLock { $0.fleet } }
            set { state.withLock { $0.fleet = newValue } }
        }

        func publish(
            _ batch: borrowing UpdateBatch, time: UnixTime, at _: Instant, for _: PublishTicket?
        ) throws(PublishFailure) -> Publication {
            .done(PublishOutcome(accepted: batch.count, lastVersion: nil, time: time))
        }

        func order(_ content: [UInt8], until _: Instant, for receiver: any OrderReceiver) -> Bool {
            state.withLock { state in
                guard !state.isFull else { return false }
                state.orders.append(Order(content: content.span.text, receiver: receiver))
                return true
            }
        }

        func takeOrder() -> Order? {
            state.withLock { $0.orders.isEmpty ? nil : $0.orders.removeFirst() }
        }
    }

    private static let (key, hash) = AccessKey.make()
    private let others = Others()

    private func stage() throws -> LoopStage {
        try LoopStage(updates: others) { configuration in
            configuration.access.credentials = Credentials(anonymous: Rights())
            configuration.access.credentials.keys = [
                AccessKey(name: "ann", hash: Self.hash, addresses: [], rights: .all)
            ]
        }
    }

    /// Mail wakes nobody here.
    private func turn(_ stage: LoopStage) throws {
        for _ in 0..<3 {
            stage.loop.turn([])
            try stage.turn()
        }
    }

    private func ask(_ stage: LoopStage, _ body: String = #"{"subject":"ann"}"#) -> LoopClient {
        stage.connect(
            "POST /operations/disconnect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.key)\r\nContent-Length: "
                + "\(body.utf8.count)\r\n\r\n\(body)")
    }

    private func reader(_ stage: LoopStage) -> LoopClient {
        stage.connect(
            "GET /sse?topics=a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(Self.key)\r\n\r\n")
    }

    @Test func theOthersAreAskedAndCounted() throws {
        let stage = try stage()
        let readers = (0..<2).map { _ in reader(stage) }
        try turn(stage)
        let asker = ask(stage)
        try turn(stage)
        #expect(readers.allSatisfy { $0.hear().contains("event: goodbye") })
        #expect(asker.hear() == "", "it waits for the others")
        let order = try #require(others.takeOrder())
        #expect(order.content == #"{"subject":"ann"}"#)
        order.receiver.received(OrderTally(count: 5, nodeCount: 2))
        try turn(stage)
        #expect(asker.hear().hasSuffix("{\"disconnected\":7,\"nodes\":3}\n"))
    }

    @Test func whoIsMissingIsNamed() throws {
        let stage = try stage()
        let asker = ask(stage)
        try turn(stage)
        try #require(others.takeOrder()).receiver.received(
            OrderTally(count: 1, nodeCount: 1, missing: ["c", "d\"e"]))
        try turn(stage)
        #expect(
            asker.hear().hasSuffix(
                "{\"disconnected\":1,\"nodes\":2,\"missing\":[\"c\",\"d\\\"e\"]}\n"))
    }

    /// Where the others can't be told it is done here, and all of them are named.
    @Test func whereTheOthersCannotBeToldAllAreMissing() throws {
        others.isFull = true
        var fleet = Fleet(own: Fleet.Node(name: "a"))
        fleet.words = ["a", "b", "c"].map {
            .init(Fleet.Node(name: $0), time: UnixTime(milliseconds: 0), at: Instant(nanoseconds: 0))
        }
        others.fleet = fleet
        let stage = try stage()
        let reader = reader(stage)
        try turn(stage)
        let asker = ask(stage)
        try turn(stage)
        #expect(reader.hear().contains("event: goodbye"))
        #expect(asker.hear().hasSuffix("{\"disconnected\":1,\"nodes\":1,\"missing\":[\"b\",\"c\"]}\n"))
    }

    @Test func whatIsNoOrderGoesNowhere() throws {
        let stage = try stage()
        let asker = ask(stage, "{}")
        try turn(stage)
        #expect(asker.hear().hasPrefix("HTTP/1.1 400") && others.takeOrder() == nil)
    }

    @Test func anOrderOfAnotherNodeIsCarriedOut() throws {
        let stage = try stage()
        let readers = (0..<3).map { _ in reader(stage) }
        try turn(stage)
        let counts = Mutex<[Int]>([])
        stage.shared.carryOut(Array(#"{"key":"ann"}"#.utf8)) { count in counts.withLock { $0.append(count) } }
        try turn(stage)
        #expect(readers.allSatisfy { $0.hear().contains("event: goodbye") })
        #expect(counts.withLock { $0 } == [3])
        // They are not closed yet, and not counted again.
        stage.shared.carryOut(Array(#"{"key":"ann"}"#.utf8)) { count in counts.withLock { $0.append(count) } }
        try turn(stage)
        #expect(counts.withLock { $0 } == [3, 0])
        // What can't be understood is not told to be done.
        for text in ["{}", #"{"subject":"ann","key":"ann"}"#, "x", #"{"tenant":"ann"}"#] {
            stage.shared.carryOut(Array(text.utf8)) { count in counts.withLock { $0.append(count) } }
        }
        try turn(stage)
        #expect(counts.withLock { $0 } == [3, 0] && others.takeOrder() == nil)
    }
}
