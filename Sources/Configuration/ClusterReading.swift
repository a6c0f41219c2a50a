/// The settings under `cluster`: where the nodes keep their common log, and who this one is.
package import Cluster
internal import Gateway
internal import Settings
package import Transport

package struct ClusterConfiguration: Sendable {
    package let url: RedisURL
    package let trust: ServerTrust
    package let prefix: String
    /// Nil: the machine's name and the port.
    package let node: String?
    /// The URL where others and people reach this node; nil: where it listens.
    package let address: String?
    package let checkpointByteCount: Int

    /// A body becomes one record of the log.
    static var bodyByteLimit: Int { 4 << 20 }
}

extension TidegateConfiguration {
    mutating func readCluster(_ root: inout SettingsSection, _ folder: String) throws(SettingsFailure) {
        guard var section = try root.optionalSection("cluster") else { return }
        let kind = try section.optionalText("kind")
        let text = try section.optionalText("url")
        let secret = try section.optionalText("secret")
        let authorities = try section.optionalText("ca")
        let prefix = try section.text("prefix", default: "tg")
        let node = try section.optionalText("node")
        let address = try section.optionalText("address")
        let checkpointByteCount = try section.integer(
            "checkpointBytes", default: 64 << 20, in: 1024...1_099_511_627_776)
        try section.finish()
        guard kind == "redis" else {
            let found = kind.map { "\"\($0)\" is none" } ?? "it is missing"
            throw section.refusal(of: "kind", because: "\(found): \"redis\" is all that there is")
        }
        if let node { try Self.checkName(node, "node", 64, of: section) }
        if let address { try Self.checkName(address, "address", 256, of: section) }
        try Self.checkName(prefix, "prefix", 32, of: section)
        var url = try Self.url(text, of: section)
        if url.password != nil { section.conceal("url") }
        if let secret {
            let content = try AccessReading(folder: folder).content(of: secret, "secret", section)
            url.password = String(decoding: content, as: UTF8.self)
        }
        cluster = ClusterConfiguration(
            url: url, trust: ServerTrust(authorities: authorities.map { filePath($0, from: folder) }),
            prefix: prefix, node: node, address: address, checkpointByteCount: checkpointByteCount)
        if storage.folder != nil {
            throw section.refusal(
                of: "kind",
                because: "the nodes of a cluster keep nothing themselves: leave \"storage.folder\" empty")
        }
        if gateway.publishers.bodyByteCount > ClusterConfiguration.bodyByteLimit {
            throw section.refusal(
                of: "kind",
                because:
                    "in a cluster \"publishers.bodyBytes\" may be \(ClusterConfiguration.bodyByteLimit) at most"
            )
        }
    }

    private static func url(_ text: String?, of section: SettingsSection) throws(SettingsFailure) -> RedisURL
    {
        guard let text else {
            throw section.refusal(
                of: "url", because: "it is missing: the URL of a Redis, such as \"redis://127.0.0.1:6379/0\"")
        }
        do throws(RedisURLFailure) {
            return try RedisURL(text)
        } catch {
            throw section.refusal(of: "url", because: "\(error)")
        }
    }

    /// Names stand in keys and between spaces.
    private static func checkName(
        _ name: String, _ key: String, _ limit: Int, of section: SettingsSection
    ) throws(SettingsFailure) {
        let isPlain = name.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}")
        }
        guard isPlain, (1...limit).contains(name.utf8.count) else {
            throw section.refusal(
                of: key, because: "1 to \(limit) characters of ASCII are wanted, without spaces and braces")
        }
    }
}
