/// Reads the parts of a Redis URL, in order.
internal import Primitives

struct RedisURLReader {
    struct Scheme {
        let isSecure: Bool
        let isSentinel: Bool
    }

    private static let schemes: [(beginning: String, scheme: Scheme)] = [
        ("redis://", Scheme(isSecure: false, isSentinel: false)),
        ("rediss://", Scheme(isSecure: true, isSentinel: false)),
        ("redis+sentinel://", Scheme(isSecure: false, isSentinel: true)),
        ("rediss+sentinel://", Scheme(isSecure: true, isSentinel: true)),
    ]
    private static let sampleOfServer = "redis://user:secret@host:6379/0"
    private static let sampleOfSentinels = "redis+sentinel://host1,host2,host3/mymaster"

    private let text: String
    /// What is not read yet.
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    // MARK: Parts

    mutating func scheme() throws(RedisURLFailure) -> Scheme {
        let lower = text.lowercased()
        guard let found = Self.schemes.first(where: { lower.hasPrefix($0.beginning) }) else {
            throw RedisURLFailure(
                reason:
                    "it begins with redis://, rediss:// (TLS) or redis+sentinel://, as in \(Self.sampleOfServer)",
                offset: nil)
        }
        rest = rest.dropFirst(found.beginning.count)
        if let place = text.firstIndex(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) {
            throw failure(
                "no \"?\", \"#\" or space may stand in it; in a password they are %3F, %23, %20", at: place)
        }
        return found.scheme
    }

    /// What stands before the "@".
    mutating func credentials() throws(RedisURLFailure) -> (user: String?, password: String?) {
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else {
            if rest.contains("@") {
                throw failure("a \"/\" in a user or password is written %2F", at: authority.endIndex)
            }
            return (nil, nil)
        }
        let part = authority[..<at]
        rest = rest[rest.index(after: at)...]
        if let stray = part.firstIndex(of: "@") {
            throw failure("an \"@\" in a user or password is written %40", at: stray)
        }
        let user = part.prefix { $0 != ":" }
        let name = try decoded(user, "the user")
        guard user.endIndex < part.endIndex else { return (name.isEmpty ? nil : name, nil) }
        let password = try decoded(part[part.index(after: user.endIndex)...], "the password")
        return (name.isEmpty ? nil : name, password.isEmpty ? nil : password)
    }

    /// One host, or several between commas, each perhaps with a port.
    mutating func addresses(upTo limit: Int, port: UInt16) throws(RedisURLFailure) -> [RedisAddress] {
        let list = rest.prefix { $0 != "/" }
        rest = rest[list.endIndex...]
        var addresses: [RedisAddress] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            addresses.append(try address(part, port))
            guard addresses.count <= limit else {
                let reason =
                    limit == 1
                    ? "it names several hosts; sentinels are named as in \(Self.sampleOfSentinels)"
                    : "it names more than \(limit) sentinels"
                throw failure(reason, at: part.startIndex)
            }
        }
        return addresses
    }

    /// The name by which sentinels know the primary.
    mutating func primaryName() throws(RedisURLFailure) -> String {
        guard let part = segment(), !part.isEmpty else {
            throw failure(
                "the name of the primary is missing behind the sentinels, as in \(Self.sampleOfSentinels)",
                at: rest.startIndex)
        }
        return try decoded(part, "the name of the primary")
    }

    /// What stands at the end; 0 for nothing.
    mutating func database(below limit: Int) throws(RedisURLFailure) -> Int {
        guard let part = segment(), !part.isEmpty || !rest.isEmpty else { return 0 }
        guard part.utf8.allSatisfy(ASCII.isDigit), let number = Int(part), number < limit else {
            throw failure("the database is a number from 0", at: part.startIndex)
        }
        guard rest.isEmpty else {
            throw failure("nothing may stand behind the database", at: rest.startIndex)
        }
        return number
    }

    // MARK: Pieces

    /// What stands behind a "/", up to the next.
    private mutating func segment() -> Substring? {
        guard rest.first == "/" else { return nil }
        let part = rest.dropFirst().prefix { $0 != "/" }
        rest = rest[part.endIndex...]
        return part
    }

    private func address(_ part: Substring, _ standardPort: UInt16) throws(RedisURLFailure) -> RedisAddress {
        let (host, port) = try split(part)
        guard !host.isEmpty else { throw failure("it names no host", at: host.startIndex) }
        guard host.utf8.allSatisfy({ $0 > ASCII.space && $0 < ASCII.delete && $0 != ASCII.percent }) else {
            throw failure("the host is no name and no address", at: host.startIndex)
        }
        guard let port else { return RedisAddress(host: String(host), port: standardPort) }
        guard port.utf8.allSatisfy(ASCII.isDigit), let number = UInt16(port), number > 0 else {
            throw failure("the port is a number from 1 to 65535", at: port.startIndex)
        }
        return RedisAddress(host: String(host), port: number)
    }

    private func split(_ part: Substring) throws(RedisURLFailure) -> (host: Substring, port: Substring?) {
        guard part.first == "[" else {
            guard let colon = part.firstIndex(of: ":") else { return (part, nil) }
            let port = part[part.index(after: colon)...]
            if port.contains(":") {
                throw failure("an IPv6 address stands in brackets: redis://[::1]:6379", at: part.startIndex)
            }
            return (part[..<colon], port)
        }
        guard let end = part.firstIndex(of: "]") else {
            throw failure("an IPv6 address ends in \"]\"", at: part.startIndex)
        }
        let host = part[part.index(after: part.startIndex)..<end]
        let behind = part[part.index(after: end)...]
        if behind.isEmpty { return (host, nil) }
        guard behind.first == ":" else {
            throw failure("behind \"]\" comes \":\" and the port", at: behind.startIndex)
        }
        return (host, behind.dropFirst())
    }

    private func decoded(_ part: Substring, _ name: String) throws(RedisURLFailure) -> String {
        guard let bytes = PercentCoding.decoded(Array(part.utf8).span),
            let text = String(validating: bytes, as: UTF8.self)
        else {
            throw failure(
                "\(name) has a \"%\" without two hexadecimal digits of UTF-8; \"%\" itself is written %25",
                at: part.startIndex)
        }
        return text
    }

    private func failure(_ reason: String, at place: String.Index) -> RedisURLFailure {
        RedisURLFailure(reason: reason, offset: text.distance(from: text.startIndex, to: place))
    }
}
