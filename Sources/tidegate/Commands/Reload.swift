/// `tidegate reload`: a running gateway reads its settings anew.
internal import Client

enum Reload: Command {
    static let name = "reload"
    static let summary = "Have a running gateway read its settings anew"
    static let help = """
        Usage: tidegate reload [OPTIONS]

        The gateway reads its file, with the environment and the flags of its start, and takes what can change while
        it runs: who is let in and what they may do, certificates, rates, the log's level. Nobody is dropped who is
        still allowed. Prints what has changed and what waits for the next start. Settings that can't be used change
        nothing; then the exit status is 1, and the message that of `tidegate check`.

        \(Arguments.gatewayHelp)

        Example:
          tidegate reload --url https://ticker.example --token-file operator.key
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let url = try arguments.gateway()
        _ = try arguments.positionals(0...0)
        let order = try ReloadOrder(at: url)
        if order.changed.isEmpty { try Console.show("nothing has changed") }
        for key in order.changed { try Console.show("changed          \(key)") }
        for key in order.restart { try Console.show("needs a restart  \(key)") }
        return 0
    }
}
