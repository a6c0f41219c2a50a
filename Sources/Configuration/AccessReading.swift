/// The settings under `access`: hosts and origins, and who may do what.
internal import Access
internal import Broker
internal import Gateway
internal import Primitives
internal import Settings

struct AccessReading {
    /// Paths are relative to the settings' file.
    let folder: String

    func read(_ root: inout SettingsSection, into access: inout AccessSettings) throws(SettingsFailure) {
        var section = try root.section("access")
        let origins = try section.texts("origins", default: access.origins.map(\.description))
        let hosts = try section.texts("hosts", default: access.hosts.map(\.description))
        do throws(AccessFailure) {
            access.origins = try origins.map { text throws(AccessFailure) in try OriginPattern(text) }
        } catch {
            throw section.refusal(of: "origins", because: error.description)
        }
        do throws(AccessFailure) {
            access.hosts = try hosts.map { text throws(AccessFailure) in try HostPattern(text) }
        } catch {
            throw section.refusal(of: "hosts", because: error.description)
        }
        try readAnonymous(&section, into: &access)
        try readKeys(&section, into: &access.credentials)
        try readCertificates(&section, into: &access.credentials)
        try readTokens(&section, into: &access)
        try readCookie(&section, into: &access)
        try readBackend(&section, into: &access)
        access.deadline = try section.duration(
            "deadline", default: access.deadline, in: .milliseconds(10) ... .seconds(3600))
        access.waitingLimit = try section.integer("waiting", default: access.waitingLimit, in: 0...10_000_000)
        access.failureRate = try section.number("failures", default: access.failureRate, in: 0...1_000_000)
        access.addressConnectionLimit = try section.integer(
            "connectionsPerAddress", default: access.addressConnectionLimit, in: 0...1_000_000)
        access.principalConnectionLimit = try section.integer(
            "connectionsPerPrincipal", default: access.principalConnectionLimit, in: 0...1_000_000)
        try readRates(&section, into: &access)
        access.proxies = TrustedProxies(try readRanges("proxies", of: &section))
        try section.finish()
    }

    private func readRates(
        _ section: inout SettingsSection, into access: inout AccessSettings
    ) throws(SettingsFailure) {
        access.newConnectionRate = try section.number(
            "newConnections", default: access.newConnectionRate, in: 0...1_000_000)
        access.addressNewConnectionRate = try section.number(
            "newConnectionsPerAddress", default: access.addressNewConnectionRate, in: 0...1_000_000)
        access.newConnectionBurst = try section.integer(
            "newConnectionBurst", default: access.newConnectionBurst, in: 1...1_000_000)
        access.addressRequestRate = try section.number(
            "requestsPerAddress", default: access.addressRequestRate, in: 0...1_000_000)
        access.requestBurst = try section.integer(
            "requestBurst", default: access.requestBurst, in: 1...1_000_000)
    }

    /// Blocks of addresses.
    private func readRanges(
        _ key: String, of section: inout SettingsSection
    ) throws(SettingsFailure) -> [AddressRange] {
        var ranges: [AddressRange] = []
        for text in try section.texts(key, default: []) {
            guard let range = AddressRange(text) else {
                throw section.refusal(
                    of: key, because: "\"\(text)\" is no block of addresses, such as 10.0.0.0/8 or ::1")
            }
            ranges.append(range)
        }
        return ranges
    }

    private func readAnonymous(
        _ section: inout SettingsSection, into access: inout AccessSettings
    ) throws(SettingsFailure) {
        let isGiven = section.has("anonymous")
        var anonymous = try section.section("anonymous")
        let (rights, isSaid) = try readRights(&anonymous, of: nil)
        try anonymous.finish()
        guard isGiven || isSaid else { return }
        access.saysWhatStrangersMay = true
        access.credentials.anonymous = .anonymous(rights)
    }

    private func readCookie(
        _ section: inout SettingsSection, into access: inout AccessSettings
    ) throws(SettingsFailure) {
        let name = try section.text("cookie", default: access.cookie)
        access.cookie = name
        guard !name.isEmpty else { return }
        // RFC 6265 §4.1.1: a token.
        let separators = Array("()<>@,;:\\\"/[]?={} \t".utf8)
        if name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || separators.contains($0) }) {
            throw section.refusal(of: "cookie", because: "\"\(name)\" can be no cookie's name")
        }
        try demandNarrowOrigins(access, for: "cookie", of: section)
    }

    /// Cookies come with whatever page asks.
    func demandNarrowOrigins(
        _ access: AccessSettings, for key: String, of section: SettingsSection
    ) throws(SettingsFailure) {
        guard let wide = access.origins.first(where: { $0.description == "*" || $0.description == "null" })
        else { return }
        throw section.refusal(
            of: key,
            because:
                "with \"\(wide)\" among the origins every page could use everybody's cookie; list the origins"
        )
    }

    // MARK: Rights

    /// Returns also whether anything was said of them.
    private func readRights(
        _ section: inout SettingsSection, of subject: String?
    ) throws(SettingsFailure) -> (Rights, isSaid: Bool) {
        var rights = Rights()
        var isSaid = false
        for (key, right) in [
            ("subscribe", \.subscribe), ("publish", \.publish), ("grant", \.grant),
        ] as [(String, WritableKeyPath<Rights, Rights.Scope>)] {
            guard let texts = try section.optionalTexts(key) else { continue }
            isSaid = true
            var patterns: [TopicPattern] = []
            for text in texts {
                do throws(GrantFailure) {
                    let subject = subject.map { Array($0.utf8) }
                    patterns.append(try GrantedPattern.resolved(Array(text.utf8).span, for: subject))
                } catch {
                    throw section.refusal(of: key, because: "\(error)")
                }
            }
            rights[keyPath: right] = Rights.Scope(patterns)
        }
        if let operates = try section.optionalBoolean("operate") {
            isSaid = true
            rights.operate = operates
        }
        let rate = try section.number("maxRate", default: 0, in: 0...1_000_000)
        if rate > 0 { rights.maximumRate = rate }
        return (rights, isSaid)
    }

    /// The rights of somebody who is known, and how many connections that one may have.
    private func readLimitedRights(
        _ entry: inout SettingsSection, of name: String?
    ) throws(SettingsFailure) -> Rights {
        var (rights, _) = try readRights(&entry, of: name)
        let connectionLimit = try entry.integer("connections", default: 0, in: 0...1_000_000)
        if connectionLimit > 0 { rights.connectionLimit = connectionLimit }
        return rights
    }

    // MARK: Keys and certificates

    private func readKeys(
        _ section: inout SettingsSection, into credentials: inout Credentials
    ) throws(SettingsFailure) {
        for var entry in try section.sections("keys") {
            let name = try entry.optionalText("name")
            let hash = try entry.optionalText("hash")
            entry.conceal("hash")
            let ranges = try readRanges("addresses", of: &entry)
            let rights = try readLimitedRights(&entry, of: name)
            // Unknown keys first: a misspelt "hash" must not be reported as a missing one.
            try entry.finish()
            guard let name, !name.isEmpty, !name.contains(":") else {
                throw entry.refusal(of: "name", because: "a name without a colon is wanted")
            }
            guard let digest = hash.flatMap({ Digest(setting: $0) }) else {
                throw entry.refusal(
                    of: "hash",
                    because: "\"sha256:\" and 64 digits are wanted, as \"tidegate key \(name)\" prints them")
            }
            if credentials.keys.contains(where: { $0.name == name }) {
                throw entry.refusal(of: "name", because: "another key is called \"\(name)\"")
            }
            credentials.keys.append(AccessKey(name: name, hash: digest, addresses: ranges, rights: rights))
        }
    }

    private func readCertificates(
        _ section: inout SettingsSection, into credentials: inout Credentials
    ) throws(SettingsFailure) {
        for var entry in try section.sections("certificates") {
            let name = try entry.optionalText("name")
            let subject = try entry.optionalText("subject")
            let alternative = try entry.optionalText("san")
            let rights = try readLimitedRights(&entry, of: name)
            try entry.finish()
            guard let name, !name.isEmpty else {
                throw entry.refusal(
                    of: "name", because: "it is missing: rights and the log name who it is by it")
            }
            guard let mark = subject ?? alternative, subject == nil || alternative == nil else {
                throw entry.refusal(
                    of: "subject",
                    because: "either a subject, \"CN=feeder-1,O=Example\", or a \"san\" is wanted")
            }
            let kinds = ["URI:", "DNS:", "email:"]
            guard subject != nil || kinds.contains(where: mark.hasPrefix), mark != "" else {
                throw entry.refusal(
                    of: "san",
                    because: "\"\(mark)\" is no name with its kind, such as \"URI:spiffe://mesh/feeder\"")
            }
            credentials.certificates.append(AccessCertificate(name: name, mark: mark, rights: rights))
        }
    }

    func path(_ name: String) -> String { filePath(name, from: folder) }
}
