/// Who is behind a proxy, by the word of those proxies that are believed.
internal import Access
internal import HTTP

extension Workspace {
    /// Finds out from where a request comes: a proxy carries those of many clients over one connection.
    func lookBehindProxy(_ head: RequestHead, _ connection: Connection) {
        let proxies = configuration.access.proxies
        guard !proxies.isEmpty else { return }
        guard proxies.contains(connection.ownAddress) else { return }
        connection.client = proxies.client(
            listed: ForwardedNodes.listed(in: head.fields(named: "X-Forwarded-For")),
            forwarded: ForwardedNodes.forwarded(in: head.fields(named: "Forwarded")))
    }
}
