/// The option that all client commands share.
internal import Client

extension Arguments {
    static let gatewayHelp = """
          --url URL           the gateway (default: $TIDEGATE_URL, else \(GatewayURL.standard))
          --token-file FILE   a file whose first line is the key or token to show, read anew for each connection
                              and before a token ends (default: the key or token in $\(ClientCredential.variable))
        """

    /// The gateway that `--url`, else the environment, else the default names.
    mutating func gateway() throws(UsageFailure) -> GatewayURL {
        let argument = try value("--url")
        let credential = try credential()
        do throws(URLFailure) {
            var url = try GatewayURL(
                argument: argument, environment: Console.environment(GatewayURL.variable))
            url.credential = credential
            return url
        } catch {
            throw UsageFailure(error.description)
        }
    }

    /// What is shown to the gateway.
    mutating func credential() throws(UsageFailure) -> ClientCredential? {
        let file = try value("--token-file")
        do throws(CredentialFailure) {
            return try ClientCredential(
                file: file, environment: Console.environment(ClientCredential.variable))
        } catch {
            throw UsageFailure(error.description)
        }
    }
}
