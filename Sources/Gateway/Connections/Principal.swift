/// The party that a connection acts for, and its rights.
package import Broker
internal import Primitives

/// Immutable; connections of one principal share it.
package final class Principal: Sendable {
    package let name: String
    package let rights: Rights

    package init(name: String, rights: Rights) {
        self.name = name
        self.rights = rights
    }

    /// Nobody in particular, with all rights: everybody, as long as the gateway asks for no tokens.
    package static let anonymous = Principal(name: "anonymous", rights: Rights())
}

/// What may be read, published and operated. The broker knows nothing of rights: the gateway asks at its doors, which are
/// subscribing, publishing, listings and values, and operations.
package struct Rights: Sendable {
    package enum Scope: Sendable {
        case everything
        /// What lies within one of these.
        case within([TopicPattern])
    }

    package var subscribe = Scope.everything
    package var publish = Scope.everything
    /// Whether figures, connections and operations may be seen.
    package var operate = true

    package init() {}
}

extension Rights.Scope {
    /// Whether all that `pattern` covers, now and ever, is allowed.
    func allows(_ pattern: TopicPattern) -> Bool {
        switch self {
        case .everything: true
        case .within(let patterns): patterns.contains { pattern.lies(within: $0) }
        }
    }

    /// Whether the topic of that name is allowed.
    func allows(topic name: Span<UInt8>) -> Bool {
        switch self {
        case .everything: true
        case .within(let patterns):
            name.withUnsafeBufferPointer { name in patterns.contains { $0.covers(name) } }
        }
    }
}

extension Principal {
    /// The door of subscribing, listings and values: refuses the whole request and names what is not allowed.
    func demandReading(_ patterns: [TopicPattern]) throws(Problem) {
        guard case .within = rights.subscribe else { return }
        let refused = patterns.filter { !rights.subscribe.allows($0) }
        if !refused.isEmpty { throw .forbidden("read", refused.map(\.text)) }
    }

    func demandReading(topic name: [UInt8]) throws(Problem) {
        if !rights.subscribe.allows(topic: name.span) { throw .forbidden("read", [name]) }
    }

    /// The door of publishing: refuses the whole batch, for what stands in it from update `first` on.
    func demandPublishing(_ batch: borrowing UpdateBatch, from first: Int = 0) throws(Problem) {
        guard case .within = rights.publish else { return }
        var refused: [[UInt8]] = []
        batch.forEachTopic(from: first) { name in
            if !rights.publish.allows(topic: name), refused.count < Problem.refusedTopicLimit {
                refused.append(name.array)
            }
        }
        if !refused.isEmpty { throw .forbidden("publish", refused) }
    }

    /// The door of operations.
    func demandOperating() throws(Problem) {
        guard rights.operate else {
            throw Problem(403, "forbidden", "This needs the right to operate the gateway.")
        }
    }
}
