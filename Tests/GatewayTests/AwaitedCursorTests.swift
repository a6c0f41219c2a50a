import Access
import Broker
import Foundation
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// A cursor of a process that is further waits for a moment, until this one has come so far.
@Suite struct AwaitedCursorTests {
    private func stage(sharing: Bool = true, _ log: SharedLog = SharedLog()) throws -> LoopStage {
        let stage = try LoopStage(updates: sharing ? log : nil)
        try stage.publish(["a/x"])
        return stage
    }

    private static let doors = [
        "/sse?topics=a/*&cursor=", "/ws?topics=a/*&cursor=", "/poll?topics=a/*&wait=1&cursor=",
    ]

    private func open(_ door: String, _ cursor: String, _ stage: LoopStage) -> LoopClient {
        if door.hasPrefix("/ws") { return stage.webSocket(String(door.dropFirst(3)) + cursor) }
        return stage.reader(door + cursor)
    }

    private func isReset(_ said: String) -> Bool {
        said.contains("event: reset") || said.contains(#""reset":true"#) || said.contains(#""resumed":false"#)
    }

    private func isJudged(_ said: String) -> Bool { said.contains("a/") || isReset(said) }

    @Test(arguments: doors) func itIsHonouredWhenTheNodeHasComeSoFar(door: String) throws {
        let stage = try stage()
        let client = open(door, "stage-3", stage)
        try stage.turn()
        try stage.pass(.milliseconds(400))
        #expect(!isJudged(client.hear()))
        // Not far enough.
        try stage.publish(["a/y"])
        try stage.turn()
        #expect(!isJudged(client.hear()))
        try stage.publish(["a/z"])
        try stage.turn()
        try stage.publish(["a/new"])
        try stage.pass(.milliseconds(20))
        let said = client.hear()
        #expect(said.contains("a/new") && !said.contains("a/z") && !isReset(said), "\(said)")
    }

    @Test(arguments: doors) func itWaitsForAnEpoch(door: String) throws {
        let stage = try stage()
        let client = open(door, "next-2", stage)
        try stage.pass(.milliseconds(900))
        #expect(!isJudged(client.hear()))
        stage.sequencer.begin(Epoch("next"), after: 1)
        try stage.publish(["a/y", "a/z"])
        try stage.pass(.milliseconds(20))
        let said = client.hear()
        #expect(said.contains("a/z") && !said.contains("a/y") && !isReset(said), "\(said)")
    }

    /// A state that replaces the present one brings it, too.
    @Test(arguments: doors) func itWaitsForAStateThatReplacesThisOne(door: String) throws {
        let stage = try stage()
        let client = open(door, "next-2", stage)
        try stage.turn()
        let other = Sequencer(epoch: Epoch("next"))
        try stage.publish(["a/p", "a/q", "a/r"], to: other)
        stage.sequencer.replace(with: other)
        try stage.pass(.milliseconds(20))
        let said = client.hear()
        #expect(said.contains("a/r") && !said.contains("a/q") && !isReset(said), "\(said)")
        try stage.pass(.seconds(3))
        #expect(!client.hear().contains("goodbye"))
    }

    @Test(arguments: doors) func itIsResetAfterASecond(door: String) throws {
        let stage = try stage()
        let client = open(door, "stage-3", stage)
        try stage.pass(.milliseconds(998))
        #expect(!isJudged(client.hear()))
        try stage.pass(.milliseconds(3))
        let said = client.hear()
        #expect(isReset(said) && said.contains("a/x"), "\(said)")
        #expect(stage.loop.statistics[.reset] == 1)
    }

    /// Whoever comes with a cursor that is ahead to a process that knew all a moment before.
    private func comesToOneThatLags(_ door: String) throws -> (SharedLog, LoopStage, LoopClient) {
        let log = SharedLog()
        let stage = try stage(log)
        log.catchUp(at: stage.clock.now)
        try stage.pass(.milliseconds(1))
        return (log, stage, open(door, "stage-3", stage))
    }

    /// A process that knows that it lags does not know what the cursor is worth.
    @Test(arguments: doors) func whoLagsLetsItWaitForLonger(door: String) throws {
        let (_, stage, client) = try comesToOneThatLags(door)
        try stage.pass(.seconds(9))
        #expect(!isJudged(client.hear()))
        try stage.publish(["a/y", "a/z", "a/new"])
        try stage.pass(.milliseconds(20))
        let said = client.hear()
        #expect(said.contains("a/new") && !said.contains("a/z") && !isReset(said), "\(said)")
    }

    @Test(arguments: doors) func itIsResetAsSoonAsNothingIsMissing(door: String) throws {
        let (log, stage, client) = try comesToOneThatLags(door)
        try stage.turn()
        let came = stage.clock.now
        try stage.pass(.seconds(3))
        #expect(!isJudged(client.hear()))
        log.catchUp(at: came + Interval(milliseconds: 1))
        try stage.pass(.milliseconds(60))
        #expect(isReset(client.hear()))
    }

    /// Nobody is reset by a process that does not know better: another one may.
    @Test(arguments: doors) func whoLagsForLongSendsItElsewhere(door: String) throws {
        let (_, stage, client) = try comesToOneThatLags(door)
        try stage.pass(.milliseconds(9990))
        #expect(!isJudged(client.hear()))
        try stage.pass(.milliseconds(100))
        let said = client.hear()
        #expect(!isJudged(said) && !said.contains("id: "), "\(said)")
        if door.hasPrefix("/poll") {
            #expect(said.contains("503 ") && said.contains("Retry-After: "), "\(said)")
        } else {
            #expect(said.contains("goodbye") && said.contains(#""reason":"behind""#), "\(said)")
        }
        try stage.publish(["a/y", "a/z"])
        try stage.turn()
        #expect(stage.loop.statistics[.reset] == 0 && stage.loop.work.cursorWaits.isEmpty)
    }

    /// It holds more than this process has, and would come back elsewhere with less.
    @Test(arguments: ["/sse?heartbeat=1&topics=a/*&cursor=", "/ws?heartbeat=1&topics=a/*&cursor="])
    func aSignOfLifeMeanwhileLeavesTheCursor(door: String) throws {
        let log = SharedLog()
        let stage = try stage(log)
        log.catchUp(at: stage.clock.now)
        let client = open(door, "stage-3", stage)
        try stage.pass(.milliseconds(2500))
        let said = client.hear()
        #expect(said.contains("heartbeat") && !said.contains("stage-"), "\(said)")
    }

    /// What can't come is not waited for: a place that was lost, a cursor that is none, an epoch that nothing is called.
    @Test(arguments: doors) func whatCanNotComeIsNotWaitedFor(door: String) throws {
        for cursor in ["stage-2", "stage-2~9", "stage", "NEXT-2", "abcdefghijklmnopq-1", "-1"] {
            let stage = try stage()
            try stage.publish(["a/y"])
            stage.sequencer.begin(Epoch("next"), after: 1)
            let client = open(door, cursor, stage)
            try stage.turn()
            let said = client.hear()
            #expect(isReset(said), "\(cursor): \(said)")
            #expect(stage.loop.work.cursorWaits.isEmpty)
        }
    }

    @Test(arguments: doors) func nobodyWaitsWhereTheLogIsOurs(door: String) throws {
        let stage = try stage(sharing: false)
        let client = open(door, "stage-3", stage)
        try stage.turn()
        #expect(isReset(client.hear()))
    }

    /// Commands are answered in their order, and updates go on meanwhile.
    @Test func whatComesBehindItWaits() throws {
        let stage = try stage()
        let socket = stage.webSocket("?topics=b")
        try stage.turn()
        _ = socket.hear()
        socket.say(message: #"{"type":"subscribe","id":1,"topics":["a/*"],"cursor":"stage-4"}"#)
        socket.say(message: #"{"type":"publish","id":2,"updates":[{"topic":"p","data":1}]}"#)
        socket.say(message: #"{"type":"ping","id":3}"#)
        try stage.publish(["b"])
        try stage.turn()
        let meanwhile = socket.hear()
        #expect(meanwhile.contains(#""topic":"b""#) && !meanwhile.contains(#""id":"#), "\(meanwhile)")
        try stage.publish(["a/y", "a/z"])
        try stage.turn()
        let said = socket.hear()
        let places = [
            #""subscribed","id":1,"topics":["a/*"],"resumed":true"#, #""published","id":2"#,
            #""pong","id":3"#,
        ].map { said.range(of: $0)?.lowerBound }
        #expect(!places.contains(nil), "\(said)")
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
        #expect(!said.contains("a/z"))
    }

    /// A stream that ends before it is judged is given no cursor in place of its own.
    @Test func aGoodbyeMeanwhileLeavesTheCursor() throws {
        let stage = try stage()
        let streams = (0..<20).map { _ in stage.reader("/sse?topics=a/*&cursor=next-5") }
        try stage.turn()
        stage.control.drain()
        stage.loop.turn([])
        try stage.pass(.milliseconds(900))
        let told = streams.map { $0.hear() }.filter { $0.contains("event: goodbye") }
        #expect(!told.isEmpty && told.allSatisfy { !$0.contains("id: ") })
    }

    /// What somebody may read is what they may when it is decided.
    @Test(arguments: doors) func rightsMayShrinkMeanwhile(door: String) throws {
        let stage = FrontEndStage(updates: SharedLog())
        try stage.sequencer.publish(batch("a/x"), time: .now(), at: stage.clock.now)
        stage.follow()
        let upgrade =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        let isSocket = door.hasPrefix("/ws")
        stage.receive("GET \(door)stage-9 HTTP/1.1\r\nHost: x\r\n\(isSocket ? upgrade : "")\r\n")
        var rights = Rights()
        rights.subscribe = Rights.Scope([try TopicPattern("b/*")])
        stage.connection.principal = Principal(name: "ann", rights: rights, proof: .key)
        stage.frontEnd.principalChanged(stage.connection, stage.work)
        var said = stage.pass(.milliseconds(1001))
        for _ in 0..<3 { said += stage.flush() }
        said += stage.pass(.seconds(3))
        #expect(!said.contains("a/x") && said.contains(isSocket ? "forbidden" : "unauthenticated"), "\(said)")
    }

    private func batch(_ name: String) throws -> UpdateBatch {
        var batch = UpdateBatch()
        try batch.append(topic: Array(name.utf8).span, data: [49].span)
        return batch
    }

    /// Nothing of them stays in the list.
    @Test func whoLeavesMeanwhileIsForgotten() throws {
        let stage = try stage()
        let clients = Self.doors.map { open($0, "stage-3", stage) }
        try stage.turn()
        #expect(stage.loop.work.cursorWaits.count == 3)
        for client in clients { client.leave() }
        try stage.turn()
        try stage.publish(["a/y", "a/z"])
        try stage.turn()
        #expect(stage.loop.work.cursorWaits.isEmpty)
    }

    /// Many that wait are looked at in portions, and only when there is something new.
    @Test func manyThatWaitHoldNobodyUp() throws {
        let stage = try stage()
        let clients = (0..<3000).map { stage.reader("/sse?topics=a/*&cursor=stage-\($0 == 2999 ? 3 : 9)") }
        try stage.turn()
        #expect(stage.loop.work.cursorWaits.count == 3000 && !stage.loop.hasCursorWaits)
        try stage.publish(["a/y", "a/z"])
        stage.loop.turn([])
        #expect(stage.loop.hasCursorWaits && stage.loop.timeout() == .zero)
        try stage.turn()
        #expect(!stage.loop.hasCursorWaits && stage.loop.work.cursorWaits.count == 2999)
        try stage.publish((0..<6).map { "a/\($0)" })
        try stage.turn()
        #expect(stage.loop.work.cursorWaits.isEmpty && clients.allSatisfy { !isReset($0.hear()) })
    }
}

/// A log that others append to as well. Nothing is published here.
final class SharedLog: UpdateLog {
    let refusal: PublishFailure? = nil
    let isShared = true
    private let caughtUp = Mutex(Instant.never)

    var caughtUpAt: Instant { caughtUp.withLock { $0 } }

    func catchUp(at instant: Instant) { caughtUp.withLock { $0 = instant } }

    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at _: Instant, for _: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        .done(PublishOutcome(accepted: batch.count, lastVersion: nil, time: time))
    }
}
