/// Who a server is: `INFO server` and `INFO replication`.
internal import Primitives

package struct RedisIdentity: Sendable, Equatable {
    package enum Role: Sendable, Equatable {
        case primary
        case replica
        /// A sentinel, or something that does not say.
        case other
    }

    /// Of the process: another after each restart. Empty where the server does not say.
    package let runID: String
    /// Of the history of the data: another after a failover.
    package let replicationID: String
    package let role: Role
    /// The Redis that it is, or whose like it claims to be.
    package let version: RedisVersion?
    /// As it is called: `Redis 7.0.15`, `Valkey 8.1.0`.
    package let product: String
    package let isCluster: Bool

    init(_ information: RedisInformation) {
        runID = information["run_id"] ?? ""
        replicationID = information["master_replid"] ?? ""
        role =
            switch information["role"] {
            case "master": .primary
            case "slave": .replica
            default: .other
            }
        version = information["redis_version"].flatMap { RedisVersion($0) }
        isCluster = information["redis_mode"] == "cluster" || information["cluster_enabled"] == "1"
        product =
            if let valkey = information["valkey_version"] {
                "Valkey \(valkey)"
            } else {
                "Redis \(information["redis_version"] ?? "of an unknown version")"
            }
    }
}

/// The lines `name:value` of an answer to `INFO`.
struct RedisInformation {
    private var values: [Substring: Substring] = [:]

    mutating func read(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
    }

    subscript(name: String) -> String? { values[name[...]].map { String($0) } }
}

/// `7.0.15`
package struct RedisVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let parts: [Int]

    /// Nil where `text` does not begin with numbers between points.
    package init?(_ text: String) {
        let parts = text.prefix { $0 == "." || $0.isNumber }.split(separator: ".").map { Int($0) }
        guard !parts.isEmpty, !parts.contains(nil) else { return nil }
        self.parts = parts.compactMap { $0 }
    }

    package static func < (left: RedisVersion, right: RedisVersion) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }

    package var description: String { parts.map { String($0) }.joined(separator: ".") }
}
