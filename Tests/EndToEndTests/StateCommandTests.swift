/// `tidegate state` beside a gateway that keeps what is published, and without one.
import Foundation
import Testing

@Suite struct StateCommandTests {
    /// Snapshots and segments come and go while the tests look.
    private static let members = #"""
        "threads": 1,
        "storage": { "folder": "FOLDER", "sync": "interval", "segmentBytes": 1048576, "snapshotBytes": 1048576 },
        "topics": { "logs": [ { "pattern": "log/**", "keep": 5 } ] }
        """#

    private final class Place {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tidegate-\(UUID())")

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit {
            try? FileManager.default.removeItem(at: folder)
        }

        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        func gateway(_ data: String = "data") throws -> GatewayProcess {
            try GatewayProcess(StateCommandTests.members.replacingOccurrences(of: "FOLDER", with: path(data)))
        }

        /// By way of a shell, for its pipes; `tidegate` is the binary.
        func shell(_ line: String) throws -> (status: Int32, output: String, errors: String) {
            try StartTests.run(
                "/bin/sh",
                ["-c", "cd \(folder.path) && tidegate() { \(GatewayProcess.binary.path) \"$@\"; }; \(line)"])
        }
    }

    private func settled(_ gateway: GatewayProcess) throws {
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 0)
    }

    @Test func aBackupUnderPublishersHoldsWhatWasAnsweredBefore() throws {
        let place = try Place()
        let gateway = try place.gateway()
        let value = String(repeating: "x", count: 2000)
        var number = 0
        for round in 1...5 {
            let answered = number
            let isOver = Flag()
            let published = Flag()
            Thread.detachNewThread {
                var next = answered
                while !isOver.isSet {
                    next += 1
                    let body = (0..<20).map { "{\"topic\":\"a/\($0)\",\"data\":[\(next),\"\(value)\"]}" }
                    let lines = body.joined(separator: ",")
                    do {
                        try HTTPProbe.ask("POST", "/publish", body: "[\(lines)]", on: gateway)
                    } catch {
                        Issue.record(error)
                        break
                    }
                }
                published.set(next)
            }
            let backup = try place.shell("tidegate state backup data copy\(round)")
            #expect(backup.status == 0, "\(backup.errors)")
            #expect(backup.output.contains("a gateway that runs"))
            isOver.set(1)
            number = try eventually("the publisher stops") { published.isSet ? published.value : nil }
            let export = try place.shell("tidegate state export copy\(round)")
            #expect(export.errors == "")
            let rounds = Set(
                export.output.split(separator: "\n").map { JSON(String($0))["data"][0].int ?? -1 })
            // A batch is in it whole or not at all.
            #expect(rounds.count <= 1 && (rounds.first ?? 0) >= answered && (rounds.first ?? 0) <= number)
            #expect(round == 1 || export.output.split(separator: "\n").count == 20)
        }
        // What the copy begins with is a gateway's like another's, and its numbers are of an epoch of its own.
        let copy = try place.gateway("copy5")
        #expect(copy.logText.contains("a new one"))
        #expect(try HTTPProbe.ask("GET", "/topics/a/7", on: copy).status == 200)
        try settled(copy)
        try settled(gateway)
    }

    @Test func whatIsExportedIsTakenByImportAndByPublish() throws {
        let place = try Place()
        let gateway = try place.gateway()
        for number in 1...7 { try HTTPProbe.put("log/a", "\(number)", on: gateway) }
        try HTTPProbe.put("a/b", #"{"text":"\u00e9\n","x":[1,2]}"#, on: gateway)
        try HTTPProbe.put("gone", "1", on: gateway)
        try HTTPProbe.ask("DELETE", "/topics/gone", on: gateway)
        let refused = try place.shell("tidegate state export data")
        #expect(refused.status == 1 && refused.errors.contains("state backup"))
        try settled(gateway)
        let export = try place.shell("tidegate state export data | tee lines")
        #expect(export.output.split(separator: "\n").count == 6)
        let settings = gateway.folder.appendingPathComponent("config.json").path
        let taken = try place.shell("cat lines | tidegate state import new --config \(settings)")
        #expect(taken.output == "{\"accepted\":6}\n" && taken.status == 0)
        #expect(try place.shell("tidegate state export new | cmp - lines").status == 0)
        let again = try place.shell("tidegate state import new < lines && tidegate state info new --json")
        #expect(again.output.contains("\"topics\":2,"))
        let other = try GatewayProcess(#""topics": { "logs": [ { "pattern": "log/**", "keep": 5 } ] }"#)
        let published = try place.shell(
            "tidegate publish --url http://127.0.0.1:\(other.port) --ndjson lines")
        #expect(published.output == "{\"accepted\":6}\n")
    }

    @Test func aBadLineIsNamedAndNothingIsTaken() throws {
        let place = try Place()
        try Data("{}".utf8).write(to: place.folder.appendingPathComponent("config.json"))
        let lines =
            "\\357\\273\\277{\"topic\":\"a\",\"data\":1}\\n\\n{\"topic\":\"b\"}\\n{\"topic\":\"c\",\"data\":1}"
        for way in [
            "printf '\(lines)' | tidegate state import new",
            "printf '\(lines)' > l; tidegate state import new < l",
        ] {
            let taken = try place.shell(way)
            #expect(taken.status == 1)
            #expect(
                taken.errors.contains("line 3: An update carries either")
                    && taken.errors.contains("Nothing was taken")
            )
            let info = try place.shell("tidegate state info new --json")
            #expect(JSON(info.output)["start"]["action"].string == "new")
        }
        let good = try place.shell("printf '\(lines)' | sed 3d | tidegate state import new")
        #expect(good.output == "{\"accepted\":2}\n")
        #expect(try place.shell("ls new").output.contains("import") == false)
    }

    @Test func theJournalsFiguresAreShown() throws {
        let gateway = try Place().gateway()
        try HTTPProbe.put("a", "1", on: gateway)
        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json["journal"]
        #expect(stats["appendedRecords"].int ?? 0 > 0 && stats["segments"].int ?? 0 > 0)
        #expect(stats["refusingSince"].int == 0 && stats["snapshotTime"].isAbsent)
        let metrics = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        #expect(
            metrics.contains("# TYPE tidegate_journal_records_total counter\ntidegate_journal_records_total ")
        )
        #expect(metrics.contains("tidegate_journal_sync_seconds_bucket{le=\"+Inf\"}"))
        let plain = try HTTPProbe.ask("GET", "/metrics").text
        #expect(!plain.contains("tidegate_journal"))
        try settled(gateway)
    }

    @Test func infoSaysWhatAStartWouldDo() throws {
        let place = try Place()
        let gateway = try place.gateway()
        try HTTPProbe.put("a", "1", on: gateway)
        let busy = try place.shell("tidegate state info data --json")
        #expect(JSON(busy.output)["start"]["action"].string == "in_use" && busy.status == 0)
        #expect(JSON(busy.output)["heldBy"].string == "process \(gateway.pid), a Tidegate gateway")
        try settled(gateway)
        let free = JSON(try place.shell("tidegate state info data --json").output)
        #expect(free["start"]["action"].string == "goes_on" && free["topics"].int == 1)
        #expect(free["lastSequence"].int == 1 && free["epochs"].list.count == 1)
        let table = try place.shell("tidegate state info data")
        #expect(table.output.contains("a start     goes on in epoch "))
        #expect(try place.shell("tidegate state verify data").output.hasSuffix("whole\n\n"))
        let file = place.folder.appendingPathComponent("data/journal-000000000001.tgj")
        var bytes = try Data(contentsOf: file)
        bytes[8192 + 40] ^= 1
        try bytes.write(to: file)
        let damaged = try place.shell("tidegate state info data --json")
        #expect(JSON(damaged.output)["start"]["action"].string == "refused" && damaged.status == 1)
        #expect(try place.shell("tidegate state backup data copy").status == 1)
        #expect(try place.shell("ls").output == "data\n")
        #expect(try place.shell("tidegate state").status == 2)
        #expect(try place.shell("tidegate state --json info data").status == 2)
    }
}

/// A number that one thread sets once and another one looks for.
private final class Flag: @unchecked Sendable {
    // Unchecked: the lock guards the number.
    private let lock = NSLock()
    private var number: Int?

    var isSet: Bool { lock.withLock { number != nil } }
    var value: Int? { lock.withLock { number } }
    func set(_ value: Int) { lock.withLock { number = value } }
}
