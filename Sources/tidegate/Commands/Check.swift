/// `tidegate check`: reads the configuration as `serve` would, and reports its mistakes.
internal import Client
internal import Cluster
internal import Configuration
internal import Gateway
internal import Primitives
internal import Service
internal import Settings

enum Check: Command {
    static let name = "check"
    static let summary = "Check the configuration without starting"
    static let help = """
        Usage: tidegate check [--config FILE] [--set PATH=VALUE]… [--against URL [OPTIONS]]

        Reads the settings as `tidegate serve` would, with the same flags and the same environment, and says
        whether they can be used. Exit status: 0 if so, 1 if not; then one line names the key, what was found,
        what is allowed, and the nearest name.

          --against URL       also say what is different about the gateway that runs there: what it would change at
                              once, and what needs a restart. It takes the right `operate`, and the options of
                              `tidegate reload`

        With a "cluster" it also tries the Redis: whether it is there and in time, and what it lacks; each finding
        is a sentence. A fault makes the exit status 1; a warning or a note does not.

        Examples:
          tidegate check --config /etc/tidegate/config.json
          tidegate check --config new.json --against https://ticker.example --token-file operator.key
        """

    /// Sentinels are asked in turn, each of which may be away.
    private static let clusterPatience = Duration.seconds(20)

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        var effective = EffectiveSettings()
        let running = try arguments.optionalGateway(named: "--against")
        let configuration = try ConfigurationSource(&arguments).read(noting: &effective)
        _ = try arguments.positionals(0...0)
        try RunningGateway.check(configuration.gateway)
        let feeds = configuration.feeds.map(\.name).joined(separator: ", ")
        try Console.show("\(configuration.file) is right. Feeds: \(feeds.isEmpty ? "none" : feeds).")
        if let running { try compare(effective, with: running) }
        guard let cluster = configuration.cluster else { return 0 }
        return try tryCluster(cluster)
    }

    /// Says what is found, the gravest first.
    private static func tryCluster(_ cluster: ClusterConfiguration) throws -> Int32 {
        let findings = RedisCheck.findings(
            of: cluster.url, trusting: cluster.trust, prefix: cluster.prefix, by: .now() + clusterPatience,
            unless: nil)
        for weight in RedisFinding.Weight.allCases {
            for finding in findings where finding.weight == weight { try Console.show("cluster: \(finding)") }
        }
        return findings.contains { $0.weight == .fault } ? 1 : 0
    }

    private static func compare(_ effective: EffectiveSettings, with url: GatewayURL) throws {
        var running = try EffectiveSettings(runningAt: url)
        let difference = running.take(
            effective.marked(SettingsReload.mark), where: TidegateConfiguration.isTakenAtOnce)
        if difference.taken.isEmpty, difference.left.isEmpty { try Console.show("nothing would change") }
        for key in difference.taken { try Console.show("would change     \(key)") }
        for key in difference.left { try Console.show("needs a restart  \(key)") }
    }
}

extension EffectiveSettings {
    /// What the gateway goes by that runs there.
    fileprivate init(runningAt url: GatewayURL) throws(ClientFailure) {
        let answer = try HTTPConnection(to: url).send(HTTPCall(.get, "/operations/settings"))
        do throws(JSONFailure) {
            try self.init(json: answer.span)
        } catch {
            throw .violation("the settings, \(error)")
        }
    }
}
