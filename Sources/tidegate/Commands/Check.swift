/// `tidegate check`: reads the configuration as `serve` would, and reports its mistakes.
internal import Configuration
internal import Gateway

enum Check: Command {
    static let name = "check"
    static let summary = "Check the configuration without starting"
    static let help = """
        Usage: tidegate check [--config FILE] [--set PATH=VALUE]…

        Reads the settings as `tidegate serve` would, with the same flags and the same environment, and says
        whether they can be used. Exit status: 0 if so, 1 if not; then one line names the key, what was found,
        what is allowed, and the nearest name.

        Example:
          tidegate check --config /etc/tidegate/config.json
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let configuration = try ConfigurationSource(&arguments).read()
        _ = try arguments.positionals(0...0)
        try RunningGateway.check(configuration.gateway)
        let feeds = configuration.feeds.map(\.name).joined(separator: ", ")
        try Console.show("\(configuration.file) is right. Feeds: \(feeds.isEmpty ? "none" : feeds).")
        return 0
    }
}
