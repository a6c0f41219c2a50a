/// A cursor works on every transport: a reader stops here, goes on there, and misses or repeats nothing.
import Testing

@Suite struct ResumeTests {
    struct Pair: Sendable, CustomTestStringConvertible {
        let from: Transport
        let to: Transport
        var testDescription: String { "\(from.rawValue) to \(to.rawValue)" }
    }

    static let pairs = Transport.allCases.flatMap { from in
        Transport.allCases.map { Pair(from: from, to: $0) }
    }

    @Test(arguments: pairs) func nothingIsMissedOrRepeated(pair: Pair) throws {
        let prefix = "resume/\(pair.from.rawValue)-\(pair.to.rawValue)"
        for name in ["a", "b", "c", "d"] { try HTTPProbe.put("\(prefix)/\(name)", "1") }
        let first = try pair.from.read("\(prefix)/*")
        #expect(first.versions == ["a:1", "b:1", "c:1", "d:1"])
        #expect(first.isResumed == false)
        try HTTPProbe.put("\(prefix)/b", "2")
        try HTTPProbe.put("\(prefix)/b", "3")
        try HTTPProbe.put("\(prefix)/e", "1")
        #expect(try HTTPProbe.ask("DELETE", "/topics/\(prefix)/c").status == 200)
        let second = try pair.to.read("\(prefix)/*", cursor: first.cursor)
        #expect(second.isResumed == true)
        #expect(!second.isReset)
        #expect(Set(second.versions) == ["b:3", "c:2", "e:1"])
        #expect(second.versions.count == 3)
        let third = try pair.from.read("\(prefix)/*", cursor: second.cursor)
        #expect(third.versions.isEmpty)
        #expect(third.isResumed == true)
    }

    @Test(arguments: Transport.allCases) func everyTransportTellsTheSameState(transport: Transport) throws {
        let prefix = "state/\(transport.rawValue)"
        for number in 1...3 { try HTTPProbe.put("\(prefix)/x", "\(number)") }
        try HTTPProbe.put("\(prefix)/gone", "1")
        try HTTPProbe.ask("DELETE", "/topics/\(prefix)/gone")
        try HTTPProbe.put("\(prefix)/deep/y", "{\"p\": 1.50}")
        #expect(try transport.read("\(prefix)/*").versions == ["x:3"])
        #expect(try transport.read("\(prefix)/**").versions.sorted() == ["x:3", "y:1"])
        #expect(try transport.read("\(prefix)/none").versions.isEmpty)
        #expect(try transport.read("\(prefix)/x,\(prefix)/x,\(prefix)/*").versions == ["x:3"])
    }

    /// Malformed, of another epoch, ahead of this one.
    @Test(arguments: Transport.allCases) func aCursorThatCannotBeHonouredResets(transport: Transport) throws {
        let prefix = "reset/\(transport.rawValue)"
        try HTTPProbe.put("\(prefix)/a", "1")
        let cursor = try transport.read("\(prefix)/a").cursor
        #expect(cursor.utf8.count <= 64)
        #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._~-".contains($0)) })
        let epoch = cursor.split(separator: "-")[0]
        for bad in ["nonsense", "\(epoch)-", "zzzz-1", "\(epoch)-99999999999", "\(epoch)-1x", "-", "%00"] {
            let reading = try transport.read("\(prefix)/a", cursor: bad)
            #expect(reading.isReset, "\(bad)")
            #expect(reading.isResumed == false)
            #expect(reading.versions == ["a:1"])
            #expect(reading.cursor.split(separator: "-")[0] == epoch)
        }
    }

    @Test(arguments: Transport.allCases) func aLogIsReadInOrderAndTellsWhatItLost(transport: Transport) throws
    {
        let topic = "log/\(transport.rawValue)"
        try HTTPProbe.put(topic, "1")
        let first = try transport.read(topic)
        for number in 2...4 { try HTTPProbe.put(topic, "\(number)") }
        let name = transport.rawValue
        #expect(
            try transport.read(topic, cursor: first.cursor).versions == [
                "\(name):2", "\(name):3", "\(name):4",
            ])
        for number in 5...10 { try HTTPProbe.put(topic, "\(number)") }
        // Five are kept: 6 to 10. Of 2 to 10, four are lost.
        let behind = try transport.read(topic, cursor: first.cursor)
        #expect(behind.versions == (6...10).map { "\(name):\($0)" })
        #expect(behind.gaps.count == 1)
        #expect(behind.gaps.first?["topic"].string == topic)
        #expect(behind.gaps.first?["next"].int == 6)
        // The count is missing: nothing is left to show how many of the lost ones came after the cursor.
        #expect(behind.gaps.first?["missed"].isAbsent == true)
        let fresh = try transport.read(topic)
        #expect(fresh.versions == (6...10).map { "\(name):\($0)" })
        #expect(fresh.gaps.isEmpty)
    }

    /// A reader from before the topic began lacks everything that the log no longer holds.
    @Test(arguments: Transport.allCases) func aLogTellsHowManyItLostOfAllThatEverWas(transport: Transport)
        throws
    {
        let topic = "log/counted-\(transport.rawValue)"
        let before = try transport.read(topic)
        for number in 1...9 { try HTTPProbe.put(topic, "\(number)") }
        let behind = try transport.read(topic, cursor: before.cursor)
        #expect(behind.updates.map(\.version) == Array(5...9))
        #expect(behind.gaps.count == 1)
        #expect(behind.gaps.first?["next"].int == 5)
        #expect(behind.gaps.first?["missed"].int == 4)
    }

    /// A cursor from the middle of a large snapshot may repeat, but never skip.
    @Test func aCutInTheMiddleOfASnapshotMissesNothing() throws {
        let gateway = try GatewayProcess(#""subscribers": { "answerBytes": 65536 }"#)
        try publishMiddle(on: gateway)
        // Polls go by age, so each part has a cursor; the rest comes over any transport.
        var reading = try Transport.poll.read("middle/*", on: gateway)
        var seen = Set(reading.updates.map(\.topic))
        var cuts = 0
        while seen.count < 300 {
            try #require(!reading.updates.isEmpty, "the snapshot ends after \(seen.count) topics")
            for transport in Transport.allCases {
                var rest = try transport.read("middle/*", cursor: reading.cursor, on: gateway)
                var topics = Set(rest.updates.map(\.topic))
                #expect(rest.isResumed == true)
                while transport == .poll, !rest.updates.isEmpty {
                    rest = try transport.read("middle/*", cursor: rest.cursor, on: gateway)
                    topics.formUnion(rest.updates.map(\.topic))
                }
                #expect(topics.union(seen).count == 300)
                #expect(topics.count < 300, "the cursor saved nothing")
            }
            cuts += 1
            reading = try Transport.poll.read("middle/*", cursor: reading.cursor, on: gateway)
            seen.formUnion(reading.updates.map(\.topic))
        }
        #expect(cuts > 2)
    }

    /// A stream sends a snapshot in no order of age, so there is no cursor before its end.
    @Test func aStreamCutInTheMiddleOfASnapshotStartsAnew() throws {
        let gateway = try GatewayProcess()
        try publishMiddle(on: gateway)
        for part in [1, 70, 150, 299] {
            let stream = try EventStreamProbe("topics=middle/*", [], gateway)
            for _ in 0..<part { _ = try stream.next("message") }
            #expect(stream.lastID == nil, "part \(part)")
        }
    }

    /// 300 kB in 300 topics.
    private func publishMiddle(on gateway: GatewayProcess) throws {
        let value = "\"" + String(repeating: "x", count: 1000) + "\""
        let lines = (0..<300).map { "{\"topic\":\"middle/\($0)\",\"data\":\(value)}" }.joined(separator: "\n")
        let answer = try HTTPProbe.ask(
            "POST", "/publish", ["Content-Type: application/x-ndjson"], body: lines, on: gateway)
        #expect(answer.json["accepted"].int == 300)
    }
}
