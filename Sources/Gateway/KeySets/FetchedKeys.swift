/// What a running gateway goes by: its settings, and the keys that were fetched for them.
internal import Access
internal import Primitives

struct FetchedKeys {
    private(set) var settings: GatewayConfiguration
    private var keys: [String: [VerifyingKey]] = [:]

    init(for settings: GatewayConfiguration) {
        self.settings = settings
    }

    /// The settings with the keys, as loops take them.
    var merged: GatewayConfiguration {
        var merged = settings
        for place in merged.access.credentials.issuers.indices {
            guard let source = merged.access.credentials.issuers[place].keySource else { continue }
            merged.access.credentials.issuers[place].keys += keys[source] ?? []
        }
        return merged
    }

    /// What nobody names any more is forgotten.
    mutating func take(_ settings: GatewayConfiguration) {
        self.settings = settings
        let names = Set(settings.access.keySources.map(\.name))
        keys = keys.filter { names.contains($0.key) }
    }

    /// Whether these are others than before.
    mutating func take(_ fetched: [VerifyingKey], from source: KeySource) -> Bool {
        guard settings.access.keySources.contains(source) else { return false }
        let former = keys.updateValue(fetched, forKey: source.name)
        return former.map { Self.marks(of: $0) != Self.marks(of: fetched) } ?? true
    }

    private static func marks(of keys: [VerifyingKey]) -> [[UInt8]] {
        keys.map { $0.fingerprint.bytes + ($0.identifier ?? []) + [$0.identifier == nil ? 0 : 1] }
    }
}
