/// The settings under `access.tokens`: whose tokens are believed, and by which keys.
internal import Access
internal import Gateway
internal import Glibc
internal import Primitives
internal import Settings

extension AccessReading {
    func readTokens(
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
    func content(
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
