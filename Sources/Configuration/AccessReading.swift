/// The settings under `access`: hosts and origins, and who may do what.
internal import Access
internal import Broker
internal import Gateway
internal import Glibc
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

    // MARK: Keys

    private func readKeys(
        _ section: inout SettingsSection, into credentials: inout Credentials
    ) throws(SettingsFailure) {
        for var entry in try section.sections("keys") {
            let name = try entry.optionalText("name")
            let hash = try entry.optionalText("hash")
            entry.conceal("hash")
            let ranges = try readRanges("addresses", of: &entry)
            var (rights, _) = try readRights(&entry, of: name)
            let connectionLimit = try entry.integer("connections", default: 0, in: 0...1_000_000)
            if connectionLimit > 0 { rights.connectionLimit = connectionLimit }
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
            var (rights, _) = try readRights(&entry, of: name)
            let connectionLimit = try entry.integer("connections", default: 0, in: 0...1_000_000)
            if connectionLimit > 0 { rights.connectionLimit = connectionLimit }
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

    // MARK: Tokens

    private func readTokens(
        _ section: inout SettingsSection, into access: inout AccessSettings
    ) throws(SettingsFailure) {
        var tokens = try section.section("tokens")
        access.credentials.tokenByteCount = try tokens.integer(
            "bytes", default: access.credentials.tokenByteCount, in: 64...32_768)
        access.credentials.leeway = try tokens.duration(
            "leeway", default: access.credentials.leeway, in: .zero ... .seconds(3600))
        for var entry in try tokens.sections("issuers") {
            let (issuer, source) = try readIssuer(&entry)
            if let source, !access.keySources.contains(source) { access.keySources.append(source) }
            if access.credentials.issuers.contains(where: { $0.name == issuer.name }) {
                let which =
                    issuer.name.map { "another issuer is called \"\($0)\"" }
                    ?? "another issuer has no name either"
                throw entry.refusal(of: "issuer", because: which)
            }
            access.credentials.issuers.append(issuer)
        }
        try tokens.finish()
    }

    /// Returns also from where its keys are fetched, where they are.
    private func readIssuer(
        _ entry: inout SettingsSection
    ) throws(SettingsFailure) -> (Issuer, KeySource?) {
        let name = try entry.optionalText("issuer")
        let audiences = try entry.texts("audience", default: [])
        let algorithms = try readAlgorithms(&entry)
        let keys = try entry.optionalText("keys")
        let authorities = try entry.optionalText("ca")
        let secret = try entry.optionalText("secret")
        let former = try entry.optionalText("previousSecret")
        let formerEnd = try entry.optionalText("previousUntil")
        let type = try entry.optionalText("type")
        let format = try entry.choice("format", default: RightsClaim.Format.tidegate)
        let claim = try entry.optionalText("claim")
        try entry.finish()
        var found: [VerifyingKey] = []
        var source: KeySource?
        if let keys, keys.lowercased().hasPrefix("https://") {
            source = KeySource(url: try webURL(keys, "keys", of: entry), authorities: authorities.map(path))
        } else if let keys {
            found += try readKeySet(keys, entry)
        }
        if let secret { found.append(try readSecret(secret, "secret", entry)) }
        if let former {
            guard let end = formerEnd.flatMap({ UnixTime(date: $0) }) else {
                throw entry.refusal(
                    of: "previousUntil",
                    because:
                        "the day from which the previous secret is not used, such as \"2026-12-31\", is wanted"
                )
            }
            found.append(try readSecret(former, "previousSecret", until: end, entry))
        }
        for algorithm in algorithms where !found.contains(where: { $0.kind == algorithm.kind }) {
            // What is fetched has none but public keys.
            if source != nil, algorithm.kind != .secret { continue }
            throw entry.refusal(
                of: "algorithms",
                because: "there is no key for \(algorithm.rawValue); give \"keys\" or \"secret\"")
        }
        var issuer = Issuer(name: name, algorithms: algorithms, keys: found)
        issuer.audiences = audiences
        issuer.type = type
        issuer.claim = RightsClaim(format, name: claim)
        issuer.keySource = source?.name
        return (issuer, source)
    }

    private func readAlgorithms(
        _ entry: inout SettingsSection
    ) throws(SettingsFailure) -> [SignatureAlgorithm] {
        let names = try entry.texts("algorithms", default: [])
        let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
        guard !names.isEmpty else {
            throw entry.refusal(of: "algorithms", because: "at least one of \(known) is wanted")
        }
        var algorithms: [SignatureAlgorithm] = []
        for name in names {
            guard let algorithm = SignatureAlgorithm(rawValue: name) else {
                throw entry.refusal(of: "algorithms", because: "\"\(name)\" is none of \(known)")
            }
            algorithms.append(algorithm)
        }
        return algorithms
    }

    private func readKeySet(
        _ source: String, _ entry: SettingsSection
    ) throws(SettingsFailure) -> [VerifyingKey] {
        guard source.hasPrefix("file:") else {
            throw entry.refusal(
                of: "keys",
                because:
                    "\"file:\" and the path of a JSON Web Key set or of a public key as PEM are wanted, or a set's https:// URL"
            )
        }
        let text = try content(of: source, "keys", entry)
        do throws(KeySetFailure) {
            let keys = try KeySet.read(text)
            let marks = keys.map { key in
                key.fingerprint.hexadecimal + " " + String(decoding: key.identifier ?? [], as: UTF8.self)
            }
            entry.note(content: marks.joined(separator: " "), of: "keys")
            return keys
        } catch {
            throw entry.refusal(of: "keys", because: "\(source): \(error)")
        }
    }

    private func readSecret(
        _ source: String, _ key: String, until end: UnixTime? = nil, _ entry: SettingsSection
    ) throws(SettingsFailure) -> VerifyingKey {
        let secret = try content(of: source, key, entry)
        guard let verifying = VerifyingKey(secret: secret, until: end) else {
            throw entry.refusal(
                of: key,
                because:
                    "\(source): a secret has \(VerifyingKey.minimumSecretByteCount) bytes at least (openssl rand -base64 32)"
            )
        }
        entry.note(content: verifying.fingerprint.hexadecimal, of: key)
        return verifying
    }

    /// What `file:` or `env:` names, without the line's end behind it. A secret in the settings themselves would be seen by
    /// everybody who may read them.
    private func content(
        of source: String, _ key: String, _ entry: SettingsSection
    ) throws(SettingsFailure) -> [UInt8] {
        if source.hasPrefix("file:") {
            guard let text = Self.file(path(String(source.dropFirst("file:".count)))) else {
                throw entry.refusal(
                    of: key,
                    because: "\(source): the file cannot be read: \(String(cString: strerror(errno)))")
            }
            return Self.withoutLineEnd(text)
        }
        guard source.hasPrefix("env:") else {
            throw entry.refusal(
                of: key, because: "it is not written here; name its place, \"file:…\" or \"env:…\"")
        }
        let name = String(source.dropFirst("env:".count))
        guard !name.hasPrefix(SettingsSection.environmentPrefix) else {
            throw entry.refusal(
                of: key,
                because:
                    "\(name) would be taken for a setting; use a name that does not begin with \(SettingsSection.environmentPrefix)"
            )
        }
        guard let value = getenv(name) else {
            throw entry.refusal(of: key, because: "the environment has no \(name)")
        }
        return Self.withoutLineEnd(Array(String(cString: value).utf8))
    }

    func path(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private static func withoutLineEnd(_ text: [UInt8]) -> [UInt8] {
        var text = text
        while text.last == ASCII.lineFeed || text.last == ASCII.carriageReturn { text.removeLast() }
        return text
    }

    /// Nil where the file cannot be read; `errno` says why. More than a megabyte is no key.
    private static func file(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 1_048_576)
        var count = 0
        while count < text.count {
            let taken = text.withUnsafeMutableBytes { space in
                Glibc.read(descriptor, space.baseAddress! + count, space.count - count)
            }
            guard taken >= 0 else { return nil }
            if taken == 0 { break }
            count += taken
        }
        return Array(text[..<count])
    }
}

extension UnixTime {
    /// The beginning of a day in UTC, "2026-12-31"; nil where the text is no day.
    init?(date: String) {
        let parts = date.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year >= 1970
        else { return nil }
        var moment = tm()
        moment.tm_year = Int32(year - 1900)
        moment.tm_mon = Int32(month - 1)
        moment.tm_mday = Int32(day)
        let seconds = timegm(&moment)
        // A 31st of February comes back as a day in March.
        guard moment.tm_mon == Int32(month - 1), moment.tm_mday == Int32(day) else { return nil }
        self.init(milliseconds: UInt64(seconds) * 1000)
    }
}
