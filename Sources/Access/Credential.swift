/// What somebody presents to show who they are.
package enum Credential: Sendable, Equatable {
    /// A key, or a token.
    case bearer([UInt8])
    /// A key's name, and the key.
    case named([UInt8], key: [UInt8])
}
