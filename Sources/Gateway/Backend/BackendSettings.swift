/// `access.backend`: a service of whoever runs the gateway that knows the users.
internal import Access
package import HTTP

package struct BackendSettings: Sendable, Equatable {
    package let url: WebURL
    /// The fields of a client's request that it is shown.
    package let fields: [String]
    /// From the question to the whole answer.
    package var timeout: Duration = .seconds(2)
    /// How long an answer counts for whoever comes with the same fields; never longer than the answer says itself.
    package var memory: Duration = .seconds(60)
    /// The file of those who vouch for its certificate; nil: those that this machine trusts.
    package let authorities: String?
    /// What those rest on whom it has named.
    let basis: Digest

    package init(url: WebURL, fields: [String]? = nil, authorities: String? = nil) {
        self.url = url
        self.fields = fields ?? ["Cookie", "Authorization"]
        self.authorities = authorities
        basis = Digest(of: Array("\(url)\n\(self.fields)\n\(authorities ?? "")".utf8).span)
    }

    func takes(_ field: String) -> Bool { fields.contains { $0.lowercased() == field.lowercased() } }

    /// Whether it is shown what browsers send by themselves, whosever page it is.
    package var takesCookies: Bool { takes("Cookie") }
}

extension AccessSettings {
    /// Whether it matters what a request shows. Where it does not, it is not looked at: a proxy in front may ask for credentials
    /// of its own.
    var looksAtCredentials: Bool { credentials.areWanted || backend != nil }

    /// Whether pages send a cookie that counts.
    var takesCookies: Bool { !cookie.isEmpty || backend?.takesCookies ?? false }

    var succession: Succession { Succession(to: credentials, backend: backend?.basis) }
}
