/// A file of `Benchmarks/Workloads`, read as strictly as the gateway reads its own settings.
import Foundation
import Settings

struct Workload {
    enum Transport: String, CaseIterable, Codable {
        case ws
        case sse
        case poll
    }

    /// What a run does once every reader has connected.
    enum Kind: String, CaseIterable {
        /// Publishes for `seconds` and measures what arrives.
        case stream
        /// Holds the connections, then publishes one update to all of them.
        case idle
        /// Cuts all readers at once while updates go on; they return with their cursor.
        case storm
    }

    let name: String
    var about = ""
    var kind = Kind.stream
    var readers = 1000
    /// Published topics.
    var topics = 1
    /// Topics per reader.
    var topicsEach = 1
    /// Zipf's exponent of the updates' topics; 0: evenly.
    var skew = 0.0
    /// Updates a second over all topics.
    var rate = 100.0
    /// Bytes of an update's data.
    var payload = 120
    /// Whether readers want every update (`log` topics), or only the latest.
    var keepsAll = false
    var seconds = 5.0
    /// The pace that readers ask for; 0: none.
    var maxRate = 0.0
    /// The share of readers that take `slowBytes` a second; 0 bytes: nothing at all.
    var slowShare = 0.0
    var slowBytes = 0
    /// Loops of the gateway.
    var threads = 1
    var transports: [Transport] = [.ws]
    /// Whether the run suits servers that keep every message, and so belongs to `make bench-peers`.
    var forPeers = false

    /// The workload that has every default.
    init(named name: String) { self.name = name }

    init(file: URL) throws {
        name = file.deletingPathExtension().lastPathComponent
        let text = Array(try Data(contentsOf: file))
        var root = try SettingsSection(parsing: text, file: file.path, overrides: [:])
        about = try root.text("about", default: about)
        kind = try root.choice("kind", default: kind)
        readers = try root.integer("readers", default: readers, in: 1...1_000_000)
        topics = try root.integer("topics", default: topics, in: 1...1_000_000)
        topicsEach = try root.integer("topicsEach", default: topicsEach, in: 0...10_000)
        skew = try root.number("skew", default: skew, in: 0...4)
        rate = try root.number("rate", default: rate, in: 0...10_000_000)
        payload = try root.integer("payload", default: payload, in: 40...60_000)
        keepsAll = try root.boolean("keepsAll", default: keepsAll)
        seconds = try root.number("seconds", default: seconds, in: 0.5...3600)
        maxRate = try root.number("maxRate", default: maxRate, in: 0...1000)
        slowShare = try root.number("slowShare", default: slowShare, in: 0...1)
        slowBytes = try root.integer("slowBytes", default: slowBytes, in: 0...1_000_000_000)
        threads = try root.integer("threads", default: threads, in: 1...64)
        let names = try root.texts("transports", default: transports.map(\.rawValue))
        transports = try names.map { name in
            guard let transport = Transport(rawValue: name) else {
                throw root.refusal(of: "transports", because: "\"\(name)\" is none of ws, sse, poll")
            }
            return transport
        }
        forPeers = try root.boolean("forPeers", default: forPeers)
        try root.finish()
    }

    /// One server of one loop gets a core to itself; several loops share all cores.
    var isForOneCore: Bool { threads == 1 && kind != .idle }

    /// All workloads of the folder, by name.
    static func all(in folder: URL) throws -> [Workload] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
            .map { try Workload(file: $0) }
            .sorted { $0.name < $1.name }
    }

    static func topicName(_ number: Int) -> String { "bench/\(number)" }
}
