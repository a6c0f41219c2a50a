/// The settings under `access.backend`: who is asked about those whom nobody here knows.
internal import Gateway
internal import HTTP
internal import Settings

extension AccessReading {
    /// More fields show nobody better.
    private static let fieldLimit = 8
    /// What a request is made of, and what only its connection concerns: nobody's credential.
    private static let ownFields = [
        "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
        "keep-alive", "accept", "user-agent", "content-type",
    ]

    func readBackend(
        _ root: inout SettingsSection, into access: inout AccessSettings
    ) throws(SettingsFailure) {
        guard var section = try root.optionalSection("backend") else { return }
        let url = try section.optionalText("url")
        let fields = try section.optionalTexts("headers")
        let timeout = try section.optionalDuration("timeout", in: .milliseconds(10) ... .seconds(30))
        let memory = try section.optionalDuration("cache", in: .zero ... .seconds(3600))
        let authorities = try section.optionalText("ca")
        try section.finish()
        var backend = BackendSettings(
            url: try webURL(url, "url", of: section),
            fields: try fields.map { names throws(SettingsFailure) in try readFields(names, section) },
            authorities: authorities.map(path))
        if let timeout { backend.timeout = timeout }
        if let memory { backend.memory = memory }
        if backend.takesCookies { try demandNarrowOrigins(access, for: "headers", of: section) }
        access.backend = backend
    }

    private func readFields(_ names: [String], _ section: SettingsSection) throws(SettingsFailure) -> [String]
    {
        guard (1...Self.fieldLimit).contains(names.count) else {
            throw section.refusal(of: "headers", because: "1 to \(Self.fieldLimit) names are wanted")
        }
        for name in names {
            guard HeaderFields.canBeNamed(name) else {
                throw section.refusal(of: "headers", because: "\"\(name)\" can be no header's name")
            }
            guard !Self.ownFields.contains(name.lowercased()) else {
                throw section.refusal(of: "headers", because: "\(name) shows nobody")
            }
        }
        guard Set(names.map { $0.lowercased() }).count == names.count else {
            throw section.refusal(of: "headers", because: "a header stands there twice")
        }
        return names
    }

    func webURL(_ text: String?, _ key: String, of section: SettingsSection) throws(SettingsFailure) -> WebURL
    {
        guard let url = text.flatMap({ WebURL($0) }) else {
            throw section.refusal(
                of: key,
                because: "a URL is wanted, such as \"https://app.example/who\", without a name or password")
        }
        return url
    }
}
