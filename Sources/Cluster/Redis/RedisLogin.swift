/// What a connection to a server needs to know besides where the server is.
package import Transport

package struct RedisLogin: Sendable {
    package var user: String?
    package var password: String?
    package var database = 0
    package var isSecure = false
    /// Whom the server is trusted to be, by TLS.
    package var trust = ServerTrust.system
    /// A key that is asked for at the start: where it is not, a Redis Cluster says so (`-MOVED`).
    package var key = "{tg}:meta"

    package init() {}

    package init(_ url: RedisURL, trusting trust: ServerTrust, key: String) {
        user = url.user
        password = url.password
        database = url.database
        isSecure = url.isSecure
        self.trust = trust
        self.key = key
    }
}
