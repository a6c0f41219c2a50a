/// From where an issuer's keys are fetched. It stands in the settings: no token says where its keys are.
package import HTTP

package struct KeySource: Sendable, Hashable {
    package let url: WebURL
    /// The file of those who vouch for its certificate; nil: those that this machine trusts.
    package let authorities: String?

    package init(url: WebURL, authorities: String?) {
        self.url = url
        self.authorities = authorities
    }

    /// By which an issuer names it.
    package var name: String { authorities.map { "\(url) \($0)" } ?? url.description }
}

/// Why keys could not be fetched.
package struct KeyFetchFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
