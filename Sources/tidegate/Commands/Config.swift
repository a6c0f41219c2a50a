/// `tidegate config`: what each setting stands at, and where that was said.
internal import Configuration
internal import Settings

enum Config: Command {
    static let name = "config"
    static let summary = "Show each setting and where it comes from"
    static let help = """
        Usage: tidegate config [--config FILE] [--set PATH=VALUE]…

        Reads the settings as `tidegate serve` would, with the same flags and the same environment, and prints a line
        for each: its path, its value as JSON, and the line, variable or flag that says so, or "default". Secrets are
        shown as "…".

        Examples:
          tidegate config
          tidegate config --config /etc/tidegate/config.json | grep -v '  default$'
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let source = try ConfigurationSource(&arguments)
        _ = try arguments.positionals(0...0)
        var effective = EffectiveSettings()
        _ = try source.read(noting: &effective)
        let lines = effective.entries.map { "\($0.path) = \($0.value)  \($0.source ?? "default")" }
        try Console.show(lines.joined(separator: "\n"))
        return 0
    }
}
