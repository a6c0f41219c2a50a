/// What may be read, published, operated and handed on.
package import Broker
internal import Primitives

/// Immutable. The broker knows nothing of rights: the gateway asks at its doors. A right holds for topics that come later, too.
package struct Rights: Sendable {
    package enum Scope: Sendable {
        case everything
        /// What lies within one of these.
        case within(PatternSet)
    }

    package var subscribe = Scope.within([])
    package var publish = Scope.within([])
    /// What tickets for others may be made for.
    package var grant = Scope.within([])
    /// Whether figures, connections and operations may be seen.
    package var operate = false
    /// The highest pace that is granted, updates of a topic a second; nil: no limit of its own.
    package var maximumRate: Double?

    /// How many connections may act for the principal at once; nil: no limit of its own.
    package var connectionLimit: Int?

    package init() {}

    package static let all: Rights = {
        var rights = Rights()
        rights.subscribe = .everything
        rights.publish = .everything
        rights.grant = .everything
        rights.operate = true
        return rights
    }()

    /// Whether nothing is allowed.
    package var isNothing: Bool {
        subscribe.isNothing && publish.isNothing && grant.isNothing && !operate
    }
}

extension Rights {
    /// A ticket has no higher limits than its maker.
    package mutating func stayWithin(limitsOf maker: Rights) {
        maximumRate = [maximumRate, maker.maximumRate].compactMap(\.self).min()
        connectionLimit = [connectionLimit, maker.connectionLimit].compactMap(\.self).min()
    }
}

extension Rights.Scope {
    package init(_ patterns: [TopicPattern]) {
        self = patterns.contains(.everything) ? .everything : .within(PatternSet(patterns))
    }

    var patterns: [TopicPattern] {
        switch self {
        case .everything: [.everything]
        case .within(let patterns): patterns.patterns
        }
    }

    package var isNothing: Bool {
        switch self {
        case .everything: false
        case .within(let patterns): patterns.isEmpty
        }
    }

    /// What both allow.
    func narrowed(to other: Rights.Scope) -> Rights.Scope {
        switch (self, other) {
        case (.everything, let scope), (let scope, .everything): scope
        case (.within(let patterns), .within(let others)): .within(patterns.narrowed(to: others))
        }
    }

    /// Whether all that `pattern` covers, now and ever, is allowed.
    package func allows(_ pattern: TopicPattern) -> Bool {
        switch self {
        case .everything: true
        case .within(let patterns): patterns.holds(pattern)
        }
    }

    /// Whether the topic of that name is allowed.
    package func allows(topic name: Span<UInt8>) -> Bool {
        switch self {
        case .everything: true
        case .within(let patterns): patterns.holds(topic: name)
        }
    }
}
