/// The kinds of feed that settings can name.
internal import Broker
package import Settings

/// A feed that settings describe. A new kind needs one new file and one line in `FeedKinds.all`.
package protocol FeedKind: Feed {
    /// The value of `kind` in the settings.
    static var kindName: String { get }

    /// Reads the keys of this kind. The caller has read `kind` and will finish the section.
    init(origin: FeedOrigin, settings: inout SettingsSection) throws(SettingsFailure)
}

/// What a feed learns besides its settings.
package struct FeedOrigin: Sendable {
    /// The feed's name in the settings.
    package let name: String
    /// The folder that relative paths start from.
    package let baseDirectory: String

    package init(name: String, baseDirectory: String) {
        self.name = name
        self.baseDirectory = baseDirectory
    }
}

package enum FeedKinds {
    package static var all: [any FeedKind.Type] {
        [GatewayFeed.self, HostFeed.self, MarketFeed.self, ReplayFeed.self]
    }

    /// Makes the feed that a section describes and finishes the section. Without `kind`, the feed's name is its kind:
    /// `"host": {}` is a host feed.
    package static func make(
        _ origin: FeedOrigin, settings: inout SettingsSection
    ) throws(SettingsFailure) -> any Feed {
        let kindName = try settings.text("kind", default: origin.name)
        guard let kind = all.first(where: { $0.kindName == kindName }) else {
            let names = all.map { $0.kindName }
            var reason = "there is no kind of feed \"\(kindName)\"."
            if let nearest = nearestName(to: kindName, among: names) {
                reason += " Did you mean \"\(nearest)\"?"
            }
            reason += " Known are: " + names.joined(separator: ", ")
            throw settings.refusal(of: "kind", because: reason)
        }
        let feed = try kind.init(origin: origin, settings: &settings)
        try settings.finish()
        return feed
    }
}

extension SettingsSection {
    /// The prefix of the feed's topics.
    mutating func topicPrefix(
        _ key: String, default standard: String
    ) throws(SettingsFailure) -> String {
        let prefix = try text(key, default: standard)
        if let reason = topicFault(prefix) { throw refusal(of: key, because: reason) }
        return prefix
    }
}

/// Why `name` cannot name a topic; nil if it can.
func topicFault(_ name: String) -> String? { topicFault(Array(name.utf8)) }

func topicFault(_ name: [UInt8]) -> String? {
    do {
        try TopicName.check(name.span)
        return nil
    } catch {
        return error.description
    }
}
