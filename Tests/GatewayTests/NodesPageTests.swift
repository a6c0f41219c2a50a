import Broker
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// What a node tells operators of its cluster.
@Suite struct NodesPageTests {
    private final class FleetLog: UpdateLog {
        let fleets = Mutex<Fleet?>(nil)
        let refusal: PublishFailure? = nil
        let isShared = true
        var fleet: Fleet? { fleets.withLock { $0 } }

        func publish(
            _ batch: borrowing UpdateBatch, time: UnixTime, at _: Instant, for _: PublishTicket?
        ) throws(PublishFailure) -> Publication {
            .done(PublishOutcome(accepted: batch.count, lastVersion: nil, time: time))
        }
    }

    private static func node(_ name: String) -> Fleet.Node {
        var node = Fleet.Node(name: name)
        node.address = "http://\(name):8080"
        node.version = "1.0"
        node.epoch = "e1"
        node.position = 40
        node.lag = 2
        node.connections = 3
        return node
    }

    private static func stage(_ change: (inout Fleet) -> Void = { _ in }) throws -> LoopStage {
        let log = FleetLog()
        let stage = try LoopStage(updates: log)
        var fleet = Fleet(own: node("a"))
        let now = stage.clock.now
        fleet.words = [
            .init(node("a"), time: UnixTime(milliseconds: 9000), at: now),
            .init(node("b"), time: UnixTime(milliseconds: 5000), at: now),
        ]
        fleet.leases = [
            .init("here", of: "a", until: .never), .init("there", of: "b", until: Instant(nanoseconds: 0)),
        ]
        fleet.appendedRecords = 6
        fleet.checkpoints = 1
        (fleet.ticketsMade, fleet.ticketsRedeemed, fleet.ticketsUnavailable) = (4, 3, 2)
        change(&fleet)
        log.fleets.withLock { $0 = fleet }
        return stage
    }

    private static func body(_ stage: LoopStage, _ target: String) throws -> String {
        let client = stage.reader(target)
        try stage.turn()
        let answer = client.hear()
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        return answer.split(separator: "\r\n\r\n", maxSplits: 1).last.map(String.init) ?? ""
    }

    @Test func allNodesAreListed() throws {
        let stage = try Self.stage()
        func row(_ name: String, _ time: Int, _ rest: String) -> String {
            #"{"name":"\#(name)","address":"http://\#(name):8080","version":"1.0","epoch":"e1","position":40,"lag":2,"connections":3,"time":\#(time),"age":\#(rest)}"#
        }
        let begin = #"{"node":"a","epoch":"e1","position":40,"nodes":["#
        #expect(
            try Self.body(stage, "/nodes") == begin + row("a", 9000, "0") + "," + row("b", 5000, "0") + "]}\n"
        )
        try stage.pass(.seconds(10))
        let away = #"10,"away":true"#
        #expect(
            try Self.body(stage, "/nodes") == begin + row("a", 9000, away) + "," + row("b", 5000, away)
                + "]}\n")
    }

    @Test func whoDrainsIsListedAsThat() throws {
        let stage = try Self.stage {
            var node = Self.node("b")
            node.isDraining = true
            $0.words[1] = .init(node, time: UnixTime(milliseconds: 5000), at: $0.words[0].instant)
        }
        #expect(try Self.body(stage, "/nodes").contains(#""age":0,"draining":true}]}"#))
    }

    // MARK: A drain

    /// What readers on both kinds of streams are told: when to come back, and to which node not to.
    private static func goodbyes(
        after silence: Duration = .zero, _ change: (inout Fleet) -> Void = { _ in }
    ) throws -> [(delay: Int, rest: String)] {
        let stage = try stage(change)
        try stage.pass(silence)
        let readers = [stage.reader("/sse?topics=a"), stage.webSocket("?topics=a")]
        try stage.turn()
        stage.shared.drain.begin()
        stage.control.drain()
        stage.loop.turn([])
        try stage.pass(.seconds(3))
        return try readers.map { reader in
            let form = /"reason":"draining","reconnectAfter":(\d+)([^}]*)}/
            let found = try #require(reader.hear().firstMatch(of: form)).output
            return (try #require(Int(found.1)), String(found.2))
        }
    }

    @Test func readersGoOnAtOtherNodesAtOnce() throws {
        for (delay, rest) in try Self.goodbyes() {
            #expect((100...500).contains(delay) && rest == #","avoid":"a""#)
        }
    }

    @Test(arguments: ["away", "draining", "loading", "gone"])
    func whereNoOtherTakesThemTheyWaitForThisOne(other: String) throws {
        let goodbyes = try Self.goodbyes(after: .seconds(other == "away" ? 10 : 0)) { fleet in
            var node = Self.node("b")
            if other == "draining" { node.isDraining = true }
            if other == "loading" { node.epoch = "" }
            fleet.words[1] = .init(node, time: UnixTime(milliseconds: 5000), at: fleet.words[1].instant)
            if other == "gone" { fleet.words.removeLast() }
        }
        for (delay, rest) in goodbyes { #expect(delay >= 8000 && rest.isEmpty) }
    }

    @Test func figuresTellOfTheCluster() throws {
        let stage = try Self.stage()
        let stats = try Self.body(stage, "/stats")
        #expect(stats.contains(#""cluster":{"node":"a","epoch":"e1","position":40,"lag":2,"awaySeconds":0,"#))
        #expect(
            stats.contains(
                #""appendedRecords":6,"appendedBytes":0,"checkpoints":1,"ticketsMade":4,"ticketsRedeemed":3,"ticketsUnavailable":2,"nodes":{"a":{"#
            ))
        #expect(
            stats.contains(#""feeds":{"here":{"here":true,"node":"a"},"there":{"here":false,"node":"b"}}"#))
        let metrics = try Self.body(stage, "/metrics")
        #expect(metrics.contains("tidegate_cluster_info{node=\"a\",epoch=\"e1\"} 1\n"))
        #expect(metrics.contains("\ntidegate_cluster_position 40\n"))
        #expect(
            metrics.contains(
                "# TYPE tidegate_cluster_records_total counter\ntidegate_cluster_records_total 6\n"))
    }

    @Test func whoIsAloneHasNone() throws {
        let stage = try LoopStage()
        let client = stage.reader("/nodes")
        try stage.turn()
        let answer = client.hear()
        #expect(answer.hasPrefix("HTTP/1.1 404") && answer.contains("This gateway is alone"))
        #expect(!(try Self.body(stage, "/stats")).contains("cluster"))
        #expect(!(try Self.body(stage, "/metrics")).contains("tidegate_cluster"))
    }
}
