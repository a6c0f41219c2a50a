/// The option that all client commands share.
internal import Client

extension Arguments {
    static let gatewayHelp = """
          --url URL           the gateway (default: $TIDEGATE_URL, else \(GatewayURL.standard))
        """

    /// The gateway that `--url`, else the environment, else the default names.
    mutating func gateway() throws(UsageFailure) -> GatewayURL {
        let argument = try value("--url")
        do throws(URLFailure) {
            return try GatewayURL(argument: argument, environment: Console.environment(GatewayURL.variable))
        } catch {
            throw UsageFailure(error.description)
        }
    }
}
