/// Where a Redis is and who one is there: `redis://user:secret@host:6379/0`.
internal import Primitives

/// The secret is in no text that is made of it, not even of a URL that is refused.
package struct RedisURL: Sendable, Equatable, CustomStringConvertible {
    /// How one comes to the primary.
    package enum Way: Sendable, Equatable {
        case server(RedisAddress)
        /// One asks these, in order, for the primary of that name.
        case sentinels([RedisAddress], primary: String)
    }

    /// Databases are numbered from 0. A server has 16 unless it is told otherwise.
    private static let databaseLimit = 1 << 20
    /// A sentinel set has three or five members.
    private static let sentinelLimit = 16

    package let way: Way
    /// Whether servers, and sentinels, are spoken with by TLS.
    package let isSecure: Bool
    /// Nil: the server's default user.
    package let user: String?
    /// A file or the environment may name it in place of the URL.
    package var password: String?
    package let database: Int

    package init(_ text: String) throws(RedisURLFailure) {
        var reader = RedisURLReader(text)
        let scheme = try reader.scheme()
        isSecure = scheme.isSecure
        (user, password) = try reader.credentials()
        let addresses = try reader.addresses(
            upTo: scheme.isSentinel ? Self.sentinelLimit : 1,
            port: scheme.isSentinel ? RedisAddress.sentinelPort : RedisAddress.serverPort)
        if scheme.isSentinel {
            way = .sentinels(addresses, primary: try reader.primaryName())
        } else {
            way = .server(addresses[0])
        }
        database = try reader.database(below: Self.databaseLimit)
    }

    /// Without the secret.
    package var description: String {
        let scheme = isSecure ? "rediss" : "redis"
        let name = user.map { Self.encoded($0) } ?? ""
        let credentials = password == nil ? (user == nil ? "" : "\(name)@") : "\(name):***@"
        let end = database == 0 ? "" : "/\(database)"
        switch way {
        case .server(let address): return "\(scheme)://\(credentials)\(address)\(end)"
        case .sentinels(let addresses, let primary):
            let list = addresses.map(\.description).joined(separator: ",")
            return "\(scheme)+sentinel://\(credentials)\(list)/\(Self.encoded(primary))\(end)"
        }
    }

    private static func encoded(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.append(percentEncoded: Array(text.utf8).span)
        return buffer.bytes.text
    }
}

/// Text that is no Redis's URL. It shows nothing of the text: a slip may have put the secret anywhere.
package struct RedisURLFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: String
    /// Characters before the place; nil: the whole.
    package let offset: Int?

    package var description: String {
        let place = offset.map { " (at character \($0 + 1))" } ?? ""
        return "the Redis URL is not usable: \(reason)\(place)"
    }
}
