/// The whole of `config.json`, checked: the settings of the gateway and of the log, and the feeds.
internal import Access
internal import Broker
package import Feeds
package import Gateway
internal import Glibc
internal import HTTP
package import Logging
internal import Primitives
package import Settings
package import Storage
internal import Transport

/// Read at the start, and for a reload. `GatewayConfiguration` alone holds the default of each key.
package struct TidegateConfiguration {
    package var gateway = GatewayConfiguration()
    package var log = LogSettings()
    /// In the order of their names.
    package var feeds: [NamedFeed] = []
    package let file: String
    package var storage = StorageSettings()
    /// Nil: this gateway is alone.
    package internal(set) var cluster: ClusterConfiguration?
    /// Whether a changed file is read anew without an order.
    package var isWatched = false

    /// Reads `text`, the content of `file`; relative paths start from the file's folder. `overrides` are keyed by
    /// path or by environment variable, and `labels` says where each was given.
    package init(
        text: [UInt8], file: String, overrides: [String: String] = [:], labels: [String: String] = [:]
    ) throws(SettingsFailure) {
        var effective = EffectiveSettings()
        try self.init(text: text, file: file, overrides: overrides, labels: labels, noting: &effective)
    }

    /// The same; `effective` becomes what each setting stands at.
    package init(
        text: [UInt8], file: String, overrides: [String: String], labels: [String: String],
        noting effective: inout EffectiveSettings
    ) throws(SettingsFailure) {
        self.file = file
        var root = try SettingsSection(parsing: text, file: file, overrides: overrides, labels: labels)
        let folder = file.contains("/") ? String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]) : "."
        _ = try root.optionalText("$schema")
        isWatched = try root.boolean("watch", default: isWatched)
        try AccessReading(folder: folder).read(&root, into: &gateway.access)
        try readListening(&root, folder)
        try readLog(&root)
        try readHandshakes(&root)
        try readHTTP(&root)
        try readSubscribers(&root)
        try readPublishers(&root)
        try readTopics(&root)
        try readStorage(&root, folder)
        try readCluster(&root, folder)
        try readMemory(&root)
        try readDrain(&root)
        try readOperations(&root)
        try readSockets(&root)
        for (name, section) in try root.namedSections("feeds") {
            var section = section
            let isEnabled = try section.boolean("enabled", default: true)
            let runsOnce = try section.boolean("once", default: false)
            let origin = FeedOrigin(name: name, baseDirectory: folder)
            // A feed that is switched off is read too: its mistakes show today, not on the day it is needed.
            let feed = try FeedKinds.make(origin, settings: &section)
            if isEnabled {
                feeds.append(
                    NamedFeed(
                        name: name, feed: feed, runsOnce: runsOnce,
                        settings: root.effective.values(of: section.path)))
            }
        }
        try root.finish()
        effective = root.effective
    }

    /// Whether a running gateway takes the setting of that path.
    package static func isTakenAtOnce(_ path: String) -> Bool {
        path == "log.level" || path.hasPrefix("feeds.") || GatewayConfiguration.isTakenAtOnce(path)
    }

    private mutating func readListening(_ root: inout SettingsSection, _ folder: String)
        throws(SettingsFailure)
    {
        gateway.host = try root.text("host", default: gateway.host)
        gateway.port = UInt16(try root.integer("port", default: Int(gateway.port), in: 0...65_535))
        let settings = EndpointSettings(
            folder: folder, standard: gateway.endpoints[0], hasProxies: !gateway.access.proxies.isEmpty)
        gateway.endpoints = try settings.read(&root)
        let threads = try root.integer("threads", default: 0, in: 0...256)
        gateway.threadCount = threads > 0 ? threads : max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
        let publicFolder = try root.text("publicFolder", default: "public")
        gateway.publicFolder = publicFolder.isEmpty ? nil : filePath(publicFolder, from: folder)
    }

    private mutating func readLog(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("log")
        log.level = try section.choice("level", default: log.level)
        log.format = try section.choice("format", default: log.format)
        log.queueByteCount = try section.integer(
            "queueBytes", default: log.queueByteCount, in: 4096...1_073_741_824)
        try section.finish()
    }

    private mutating func readHandshakes(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("tls")
        gateway.handshakes.timeout = try section.duration(
            "handshakeTimeout", default: gateway.handshakes.timeout, in: Self.timeouts)
        gateway.handshakes.limit = try section.integer(
            "handshakes", default: gateway.handshakes.limit, in: 1...1_000_000)
        try section.finish()
    }

    private mutating func readHTTP(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("http")
        var http = gateway.http
        http.request.requestLineByteCount = try section.integer(
            "requestLineBytes", default: http.request.requestLineByteCount, in: 256...1_048_576)
        http.request.headerByteCount = try section.integer(
            "headerBytes", default: http.request.headerByteCount, in: 1024...32_768)
        http.request.headerFieldCount = try section.integer(
            "headerFields", default: http.request.headerFieldCount, in: 8...1000)
        http.headTimeout = try section.duration("headTimeout", default: http.headTimeout, in: Self.timeouts)
        http.bodyTimeout = try section.duration("bodyTimeout", default: http.bodyTimeout, in: Self.timeouts)
        http.requestTimeout = try section.duration(
            "requestTimeout", default: http.requestTimeout, in: Self.timeouts)
        http.idleTimeout = try section.duration("idleTimeout", default: http.idleTimeout, in: Self.timeouts)
        http.connectionLimit = try section.integer(
            "connections", default: http.connectionLimit, in: 1...10_000_000)
        try section.finish()
        gateway.http = http
    }

    private mutating func readSubscribers(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("subscribers")
        var subscribers = gateway.subscribers
        subscribers.pingInterval = try section.duration(
            "pingInterval", default: subscribers.pingInterval, in: Self.timeouts)
        subscribers.pongTimeout = try section.duration(
            "pongTimeout", default: subscribers.pongTimeout, in: Self.timeouts)
        subscribers.eventStreamHeartbeat = try section.duration(
            "eventStreamHeartbeat", default: subscribers.eventStreamHeartbeat, in: Self.timeouts)
        subscribers.life = try section.duration(
            "life", default: subscribers.life, in: .zero ... .seconds(31_536_000))
        subscribers.sendTimeout = try section.duration(
            "sendTimeout", default: subscribers.sendTimeout, in: Self.timeouts)
        subscribers.closeTimeout = try section.duration(
            "closeTimeout", default: subscribers.closeTimeout, in: Self.timeouts)
        subscribers.flushByteCount = try section.integer(
            "flushBytes", default: subscribers.flushByteCount, in: 1024...16_777_216)
        subscribers.flushInterval = try section.duration(
            "flushInterval", default: subscribers.flushInterval, in: .zero ... .seconds(1))
        subscribers.messageByteCount = try section.integer(
            "messageBytes", default: subscribers.messageByteCount, in: 1024...16_777_216)
        subscribers.fragmentLimit = try section.integer(
            "fragments", default: subscribers.fragmentLimit, in: 1...1_048_576)
        subscribers.messageTimeout = try section.duration(
            "messageTimeout", default: subscribers.messageTimeout, in: Self.timeouts)
        subscribers.messageRate = try section.number(
            "messageRate", default: subscribers.messageRate, in: 0...1_000_000)
        subscribers.messageBurst = try section.integer(
            "messageBurst", default: subscribers.messageBurst, in: 1...1_000_000)
        subscribers.subscriptionLimit = try section.integer(
            "subscriptions", default: subscribers.subscriptionLimit, in: 1...1_000_000)
        subscribers.coveredTopicLimit = try section.integer(
            "coveredTopics", default: subscribers.coveredTopicLimit, in: 1...100_000_000)
        subscribers.maximumRate = try section.number(
            "maxRate", default: subscribers.maximumRate, in: 0...1_000_000)
        subscribers.answerByteCount = try section.integer(
            "answerBytes", default: subscribers.answerByteCount, in: 1024...67_108_864)
        try readCompression(&section, into: &subscribers.compression)
        try section.finish()
        gateway.subscribers = subscribers
    }

    private func readCompression(
        _ subscribers: inout SettingsSection, into compression: inout CompressionSettings
    ) throws(SettingsFailure) {
        var section = try subscribers.section("compression")
        compression.mode = try section.choice("mode", default: compression.mode)
        compression.minimumByteCount = try section.integer(
            "minimumBytes", default: compression.minimumByteCount, in: 0...16_777_216)
        compression.level = try section.integer("level", default: compression.level, in: 1...9)
        compression.contextTakeover = try section.boolean(
            "contextTakeover", default: compression.contextTakeover)
        compression.windowBits = try section.integer(
            "windowBits", default: compression.windowBits, in: 8...15)
        compression.timeShare = try section.number("timeShare", default: compression.timeShare, in: 0...1)
        try section.finish()
    }

    private mutating func readPublishers(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("publishers")
        gateway.publishers.valueByteCount = try section.integer(
            "valueBytes", default: gateway.publishers.valueByteCount, in: 64...16_777_216)
        gateway.publishers.bodyByteCount = try section.integer(
            "bodyBytes", default: gateway.publishers.bodyByteCount, in: 1024...268_435_456)
        gateway.publishers.updateRate = try section.number(
            "updateRate", default: gateway.publishers.updateRate, in: 0...100_000_000)
        gateway.publishers.principalUpdateRate = try section.number(
            "principalUpdateRate", default: gateway.publishers.principalUpdateRate, in: 0...100_000_000)
        gateway.publishers.totalUpdateRate = try section.number(
            "totalUpdateRate", default: gateway.publishers.totalUpdateRate, in: 0...100_000_000)
        gateway.publishers.updateBurst = try section.integer(
            "updateBurst", default: gateway.publishers.updateBurst, in: 1...100_000_000)
        gateway.retention.keyLimit = try section.integer(
            "keys", default: gateway.retention.keyLimit, in: 1...250_000)
        gateway.retention.keyLife = Interval(
            try section.duration("keyLife", default: .seconds(600), in: .seconds(1) ... .seconds(86_400)))
        try section.finish()
    }

    private mutating func readTopics(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("topics")
        gateway.retention.topicLimit = try section.integer(
            "limit", default: gateway.retention.topicLimit, in: 1...100_000_000)
        gateway.retention.tombstoneLimit = try section.integer(
            "tombstones", default: gateway.retention.tombstoneLimit, in: 0...100_000_000)
        gateway.retention.logs = try Self.rules("logs", of: &section, "keep") {
            rule throws(SettingsFailure) in
            try rule.integer("keep", default: 1000, in: 1...1_000_000)
        }
        gateway.retention.timesToLive = try Self.rules("ttl", of: &section, "seconds", Self.interval)
        gateway.retention.staleness = try Self.rules("stale", of: &section, "seconds", Self.interval)
        try section.finish()
    }

    private mutating func readStorage(_ root: inout SettingsSection, _ folder: String) throws(SettingsFailure)
    {
        var section = try root.section("storage")
        let path = try section.text("folder", default: "")
        storage.folder = path.isEmpty ? nil : filePath(path, from: folder)
        storage.journal.mode = try section.choice("sync", default: storage.journal.mode)
        storage.journal.interval = Interval(
            try section.duration(
                "interval", default: .seconds(1), in: .milliseconds(10) ... .seconds(3600)))
        storage.journal.segmentByteCount = try section.integer(
            "segmentBytes", default: storage.journal.segmentByteCount, in: 65_536...1_073_741_824)
        storage.journal.snapshotByteCount = try section.integer(
            "snapshotBytes", default: storage.journal.snapshotByteCount, in: 65_536...1_099_511_627_776)
        try section.finish()
        if storage.folder != nil, gateway.publishers.bodyByteCount > StorageSettings.bodyByteLimit {
            throw section.refusal(
                of: "folder",
                because:
                    "with a journal \"publishers.bodyBytes\" may be \(StorageSettings.bodyByteLimit) at most"
            )
        }
    }

    /// A list of objects, each of which says of the topics that its `pattern` covers what stands under `valueKey`.
    private static func rules<Value>(
        _ key: String, of section: inout SettingsSection, _ valueKey: String,
        _ read: (inout SettingsSection) throws(SettingsFailure) -> Value?
    ) throws(SettingsFailure) -> [(TopicPattern, Value)] {
        var rules: [(TopicPattern, Value)] = []
        for var rule in try section.sections(key) {
            let text = try rule.optionalText("pattern")
            let value = try read(&rule)
            // Unknown keys first: a misspelt "pattern" must not be reported as a missing one.
            try rule.finish()
            guard let text else {
                throw rule.refusal(
                    of: "pattern",
                    because: "it is missing: a topic or pattern, such as \"trades/**\", is wanted")
            }
            guard let value else {
                throw rule.refusal(of: valueKey, because: "it is missing: a number is wanted")
            }
            do {
                rules.append((try TopicPattern(text), value))
            } catch {
                throw rule.refusal(of: "pattern", because: "\(error)")
            }
        }
        return rules
    }

    private static func interval(_ rule: inout SettingsSection) throws(SettingsFailure) -> Interval? {
        let year: Duration = .seconds(31_536_000)
        return try rule.optionalDuration("seconds", in: .milliseconds(10)...year).map { Interval($0) }
    }

    private mutating func readMemory(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("memory")
        gateway.memory.clientByteCount = try section.integer(
            "clientBytes", default: gateway.memory.clientByteCount, in: 0...1_099_511_627_776)
        try section.finish()
    }

    private mutating func readDrain(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("drain")
        let spreads: ClosedRange<Duration> = .zero ... .seconds(3600)
        // The readers of one that is alone have nowhere to go meanwhile.
        gateway.drain.settle =
            try section.optionalDuration("settle", in: spreads) ?? (cluster == nil ? .zero : .seconds(5))
        gateway.drain.spread = try section.duration("spread", default: gateway.drain.spread, in: spreads)
        gateway.drain.deadline = try section.duration(
            "deadline", default: gateway.drain.deadline, in: spreads)
        gateway.drain.reconnectSpread = try section.duration(
            "reconnectSpread", default: gateway.drain.reconnectSpread, in: spreads)
        try section.finish()
        if gateway.drain.deadline < gateway.drain.spread {
            throw section.refusal(of: "deadline", because: "it must not be before \"spread\" is over")
        }
    }

    private mutating func readOperations(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("operations")
        gateway.operations.metrics = try section.boolean("metrics", default: gateway.operations.metrics)
        gateway.operations.connections = try section.choice(
            "connections", default: gateway.operations.connections)
        try section.finish()
    }

    private mutating func readSockets(_ root: inout SettingsSection) throws(SettingsFailure) {
        var section = try root.section("sockets")
        gateway.sockets.backlog = Int32(
            try section.integer("backlog", default: Int(gateway.sockets.backlog), in: 1...1_000_000))
        gateway.sockets.unsentByteCount = try section.integer(
            "unsentBytes", default: gateway.sockets.unsentByteCount, in: 1024...16_777_216)
        gateway.sockets.sendBufferByteCount = try section.integer(
            "sendBufferBytes", default: gateway.sockets.sendBufferByteCount, in: 0...16_777_216)
        gateway.sockets.receiveBufferByteCount = try section.integer(
            "receiveBufferBytes", default: gateway.sockets.receiveBufferByteCount, in: 0...16_777_216)
        try section.finish()
    }

    /// A hundredth of a second serves tests; a day stands for no limit.
    private static var timeouts: ClosedRange<Duration> { .milliseconds(10) ... .seconds(86_400) }
}

/// A feed that was made of its settings, and has not been called yet.
package struct NamedFeed {
    package let name: String
    package let feed: any Feed
    /// In a cluster, on one node at a time.
    package let runsOnce: Bool
    /// By their paths: a feed that has the same needs no other in its place.
    package let settings: [String: String]
}

/// What is kept over restarts, and where.
package struct StorageSettings {
    /// Nil: nothing is kept.
    package var folder: String?
    package var journal = JournalSettings()

    /// A body becomes one record of the journal.
    static var bodyByteLimit: Int { 16 << 20 }
}

package struct LogSettings {
    package var level = Log.Level.info
    package var format = Log.Format.auto
    /// What may wait to be written.
    package var queueByteCount = Log.defaultQueueByteCount
}
