/// What a token says of rights, in our own words or in those of servers that people come from.
internal import Broker
internal import Primitives

/// Immutable.
package struct RightsClaim: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// `{"subscribe":[…],"publish":[…],"grant":[…],"operate":true,"maxRate":5,"connections":3}`
        case tidegate
        /// `{"subscribe":[…],"publish":[…]}`, of names, `*` for everything, and templates with `{name}` for a segment.
        case mercure
        /// `["news","chat:1"]`, the channels that may be read.
        case centrifugo

        /// The claim's usual name.
        package var claim: String {
            switch self {
            case .tidegate: "tidegate"
            case .mercure: "mercure"
            case .centrifugo: "channels"
            }
        }
    }

    let format: Format
    let name: String

    package init(_ format: Format, name: String? = nil) {
        self.format = format
        self.name = name ?? format.claim
    }

    /// No claim: no rights. Of a foreign format, what can be no pattern here is left out; of our own, it is a mistake.
    func rights(
        _ claims: UniqueObject, of subject: [UInt8]?
    ) throws(CredentialFailure) -> Rights {
        do throws(UniqueObject.WrongKind) {
            guard claims.has(name) else { return Rights() }
            var rights = Rights()
            switch format {
            case .tidegate:
                guard let claim = try claims.object(name) else { return rights }
                return try Rights(claim, of: subject)
            case .mercure:
                guard let claim = try claims.object(name) else { return rights }
                rights.subscribe = Rights.Scope(
                    try claim.strings("subscribe")?.compactMap(Self.selector) ?? [])
                rights.publish = Rights.Scope(try claim.strings("publish")?.compactMap(Self.selector) ?? [])
            case .centrifugo:
                let channels = try claims.strings(name) ?? []
                rights.subscribe = Rights.Scope(channels.compactMap(Self.topic))
            }
            return rights
        } catch {
            throw .wrongClaims
        }
    }

    /// A selector of Mercure's: `*`, a name, or a template in which whole segments are variables.
    private static func selector(_ text: [UInt8]) -> TopicPattern? {
        if text.span.equals("*") { return .everything }
        let segments = text.split(separator: ASCII.slash, omittingEmptySubsequences: false)
        let pattern = segments.map { segment in
            segment.first == ASCII.openBrace && segment.last == ASCII.closeBrace
                ? [ASCII.asterisk] : Array(segment)
        }
        return text.contains(ASCII.asterisk)
            ? nil : Self.pattern(Array(pattern.joined(separator: [ASCII.slash])))
    }

    /// A star in a foreign name is a letter like any other: it must not become a wildcard.
    private static func topic(_ text: [UInt8]) -> TopicPattern? {
        text.contains(ASCII.asterisk) ? nil : pattern(text)
    }

    /// Nil for a name of theirs that can be none of ours: it grants nothing.
    private static func pattern(_ text: [UInt8]) -> TopicPattern? {
        do {
            return try TopicPattern(text.span)
        } catch {
            return nil
        }
    }
}

extension Rights {
    /// From an object in our own words. Members that are not known say nothing.
    init(_ claim: UniqueObject, of subject: [UInt8]?) throws(UniqueObject.WrongKind) {
        self.init()
        subscribe = try Self.scope("subscribe", claim, subject)
        publish = try Self.scope("publish", claim, subject)
        grant = try Self.scope("grant", claim, subject)
        operate = try claim.boolean("operate") ?? false
        maximumRate = try claim.number("maxRate")
        if let maximumRate, !(maximumRate > 0) { throw UniqueObject.WrongKind() }
        guard let connections = try claim.number("connections") else { return }
        guard connections >= 1 else { throw UniqueObject.WrongKind() }
        connectionLimit = Int(min(connections, 1e9))
    }

    private static func scope(
        _ name: StaticString, _ claim: UniqueObject, _ subject: [UInt8]?
    ) throws(UniqueObject.WrongKind) -> Scope {
        var patterns: [TopicPattern] = []
        for text in try claim.strings(name) ?? [] {
            do throws(GrantFailure) {
                patterns.append(try GrantedPattern.resolved(text.span, for: subject))
            } catch {
                throw UniqueObject.WrongKind()
            }
        }
        return Scope(patterns)
    }
}
