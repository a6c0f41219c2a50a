import Client
import Foundation
import Primitives
import Settings
import Testing

@testable import Broker
@testable import Feeds
@testable import Watch

/// The replay feed plays what is recorded here: the same topics, values and tombstones, in the same rhythm.
@Suite final class RecorderTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            Issue.record("the test's folder stays: \(error)")
        }
    }

    private struct Played: Equatable {
        let milliseconds: Int
        let topic: String
        let data: String?
    }

    private func play(_ name: String) throws -> [Played] {
        let text = #"{"file":"\#(name)"}"#
        var section = try SettingsSection(parsing: Array(text.utf8), file: "config.json", overrides: [:])
        let feed = try ReplayFeed(
            origin: FeedOrigin(name: "replay", baseDirectory: folder.path), settings: &section)
        let start = Instant(nanoseconds: 1_000_000_000)
        var played: [Played] = []
        var now: Instant? = start
        while let moment = now {
            var batch = UpdateBatch()
            now = try feed.produce(at: moment, time: UnixTime(milliseconds: 0), into: &batch)
            // Recorded times pass through doubles, which lose a quarter of a microsecond.
            let passed = Int((moment.since(start).inSeconds * 1000).rounded())
            for entry in batch.entries {
                played.append(
                    Played(
                        milliseconds: passed, topic: batch.name(of: entry).span.text,
                        data: batch.data(of: entry).map { $0.span.text }))
            }
        }
        return played
    }

    private func record(_ updates: [Update], to path: String) throws(RecordingFailure) {
        var recorder = try Recorder(path: path)
        try recorder.record(.live)
        for update in updates { try recorder.record(.update(update, conflated: 0)) }
        try recorder.finish()
    }

    @Test func theReplayFeedPlaysARecording() throws {
        let path = folder.appendingPathComponent("day.ndjson").path
        var stage = Stage()
        var updates: [Update] = []
        let steps: [(String, String?)] = [
            ("a/b", #"{"last":1.50,"name":"x \"y\""}"#), ("c", "7"), ("a/b", #"{"last":1.75}"#), ("c", nil),
            ("d", #"{"id":8389766036995847940,"px":[0.1000000000000000055511,1.10,-0,1e999]}"#),
        ]
        for (place, (topic, data)) in steps.enumerated() {
            updates.append(try stage.update(topic, data, version: UInt64(place + 1)))
            stage.pass(.milliseconds(250))
        }
        try record(updates, to: path)
        #expect(
            try play("day.ndjson") == [
                Played(milliseconds: 0, topic: "a/b", data: #"{"last":1.50,"name":"x \"y\""}"#),
                Played(milliseconds: 250, topic: "c", data: "7"),
                Played(milliseconds: 500, topic: "a/b", data: #"{"last":1.75}"#),
                Played(milliseconds: 750, topic: "c", data: nil),
                Played(
                    milliseconds: 1000, topic: "d",
                    data: #"{"id":8389766036995847940,"px":[0.1000000000000000055511,1.10,-0,1e999]}"#),
            ])
    }

    @Test func goesOnAtTheEndOfAFile() throws {
        let path = folder.appendingPathComponent("day.ndjson").path
        for value in ["1", "2"] {
            try record([try Stage().update("a", value, version: 1)], to: path)
        }
        #expect(try play("day.ndjson").map(\.data) == ["1", "2"])
    }

    /// Otherwise the replay would wait as long for an old value as it is old.
    @Test func aSnapshotTakesTheTimeOfWhatFollowsIt() throws {
        let path = folder.appendingPathComponent("day.ndjson").path
        var recorder = try Recorder(path: path)
        let stage = Stage()
        let snapshot = [
            try stage.update("old", "1", version: 1, age: 86_400_000),
            try stage.update("new", "2", version: 1, age: 10),
        ]
        let live = [
            try stage.update("new", "3", version: 2, age: 5),
            try stage.update("old", "4", version: 2, age: 8),
            try stage.update("new", "5", version: 3, age: 0),
        ]
        for update in snapshot { try recorder.record(.update(update, conflated: 0)) }
        try recorder.record(.live)
        for update in live { try recorder.record(.update(update, conflated: 0)) }
        try recorder.finish()
        let played = try play("day.ndjson")
        #expect(played.map(\.data) == ["1", "2", "3", "4", "5"])
        #expect(played.map(\.milliseconds) == [0, 0, 0, 0, 5])
    }

    @Test func keepsThePublishersMoment() throws {
        let path = folder.appendingPathComponent("day.ndjson").path
        var recorder = try Recorder(path: path)
        let stage = Stage()
        try recorder.record(.update(try stage.update("old", "1", version: 1, age: 9, at: 5), conflated: 0))
        try recorder.record(.live)
        // Its time is put forward, so its line is written anew.
        try recorder.record(.update(try stage.update("new", "2", version: 1, age: 0, at: 6), conflated: 0))
        try recorder.finish()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2 && lines[0].contains("\"at\":5,") && lines[1].contains("\"at\":6,"))
    }

    @Test func saysWhyItCannotRecord() throws {
        var reason = ""
        do throws(RecordingFailure) {
            let recorder = try Recorder(path: "/nowhere/day.ndjson")
            reason = "recording to \(recorder.path)"
        } catch {
            reason = error.description
        }
        #expect(reason == "cannot record to /nowhere/day.ndjson: No such file or directory")
    }
}
