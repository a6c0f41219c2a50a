/// The places to listen at, as `endpoints` lists them.
internal import Gateway
internal import Settings
internal import Transport

struct EndpointSettings {
    /// Relative paths start here.
    let folder: String
    /// Where an endpoint listens that does not say so.
    let standard: Endpoint
    /// Whether there are proxies that are believed.
    let hasProxies: Bool

    /// Reads the list; without one there is only the standard endpoint.
    func read(_ root: inout SettingsSection) throws(SettingsFailure) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for var section in try root.sections("endpoints") {
            var endpoint = standard
            try readPlace(&section, into: &endpoint)
            endpoint.redirects = try section.boolean("redirect", default: false)
            endpoint.takesProxyHeader = try section.boolean("proxyProtocol", default: false)
            endpoint.doors = try doors(&section)
            if var tls = try section.optionalSection("tls") { try read(&tls, into: &endpoint) }
            try section.finish()
            if endpoint.redirects, endpoint.tls != nil {
                throw section.refusal(
                    of: "redirect", because: "it leads to TLS, which is spoken here already")
            }
            if endpoint.redirects, endpoint.doors != .all {
                throw section.refusal(of: "doors", because: "with \"redirect\" this endpoint opens none")
            }
            if endpoint.takesProxyHeader, !hasProxies {
                throw section.refusal(
                    of: "proxyProtocol",
                    because: "name the proxies in \"access.proxies\": nobody else could connect")
            }
            endpoints.append(endpoint)
        }
        return endpoints.isEmpty ? [standard] : endpoints
    }

    /// An address and a port, the path of a Unix socket, or the name of a socket that is passed.
    private func readPlace(
        _ section: inout SettingsSection, into endpoint: inout Endpoint
    ) throws(SettingsFailure) {
        endpoint.socket = try section.optionalText("socket")
        endpoint.path = try socketPath(&section)
        if let mode = try mode(&section) {
            guard endpoint.path != nil else {
                throw section.refusal(of: "mode", because: "it is for a Unix socket, which a \"path\" makes")
            }
            endpoint.mode = mode
        }
        if endpoint.socket != nil {
            try refuse(["path", "address", "port"], beside: "socket", section)
        } else if endpoint.path != nil {
            try refuse(["address", "port"], beside: "path", section)
        } else {
            endpoint.host = try section.text("address", default: endpoint.host)
            endpoint.port = UInt16(try section.integer("port", default: Int(endpoint.port), in: 0...65_535))
        }
    }

    private func refuse(
        _ keys: [String], beside other: String, _ section: SettingsSection
    ) throws(SettingsFailure) {
        for key in keys where section.has(key) {
            throw section.refusal(of: key, because: "\"\(other)\" says already where this endpoint listens")
        }
    }

    private func socketPath(_ section: inout SettingsSection) throws(SettingsFailure) -> String? {
        guard let name = try section.optionalText("path") else { return nil }
        let path = name.isEmpty ? "" : path(name)
        guard SocketAddress(path: path) != nil else {
            throw section.refusal(
                of: "path",
                because:
                    "\"\(path)\" has \(path.utf8.count) bytes; the kernel takes 1 to \(SocketAddress.pathLimit) of a Unix socket"
            )
        }
        return path
    }

    /// Three octal digits, with or without a zero before them, as `chmod` takes them.
    private func mode(_ section: inout SettingsSection) throws(SettingsFailure) -> UInt32? {
        guard let text = try section.optionalText("mode") else { return nil }
        let digits = text.utf8.count == 4 && text.hasPrefix("0") ? text.dropFirst() : text[...]
        guard digits.utf8.count == 3,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
            let mode = UInt32(digits, radix: 8)
        else {
            throw section.refusal(
                of: "mode", because: "\"\(text)\" is no mode: three octal digits are wanted, such as \"0660\""
            )
        }
        return mode
    }

    private func doors(_ section: inout SettingsSection) throws(SettingsFailure) -> Doors {
        guard let names = try section.optionalTexts("doors") else { return .all }
        var doors: Doors = []
        for name in names {
            guard let door = Doors.named.first(where: { $0.key == name })?.value else {
                let known = Doors.named.map(\.key).joined(separator: ", ")
                throw section.refusal(of: "doors", because: "\"\(name)\" is none of \(known)")
            }
            doors.insert(door)
        }
        return doors
    }

    private func read(_ section: inout SettingsSection, into endpoint: inout Endpoint) throws(SettingsFailure)
    {
        let first = try certificate(&section)
        var others: [TLSSettings.CertificateFiles] = []
        for var other in try section.sections("certificates") {
            let files = try certificate(&other)
            try other.finish()
            others.append(try demanded(files, other))
        }
        endpoint.strictTransport = try section.optionalDuration(
            "hsts", in: .seconds(1)...(.seconds(63_072_000)))
        let authorities = try section.optionalText("clientCA")
        note(authorities, of: "clientCA", section)
        let wanted = try section.optionalText("clientCertificate")
        // Unknown keys first: a misspelt "key" must not be reported as a missing one.
        try section.finish()
        var tls = TLSSettings([try demanded(first, section)] + others)
        tls.clientAuthorities = authorities.map(path)
        if let wanted {
            guard authorities != nil else {
                throw section.refusal(
                    of: "clientCertificate", because: "name those who make them in \"clientCA\"")
            }
            guard ["required", "optional"].contains(wanted) else {
                throw section.refusal(
                    of: "clientCertificate", because: "\"\(wanted)\" is none of required, optional")
            }
            tls.wantsClientCertificate = wanted == "required"
        }
        endpoint.tls = tls
    }

    /// The files of a certificate, as far as they are named.
    private func certificate(
        _ section: inout SettingsSection
    ) throws(SettingsFailure) -> (certificate: String?, key: String?, ocsp: String?) {
        let certificate = try section.optionalText("certificate")
        let key = try section.optionalText("key")
        let ocsp = try section.optionalText("ocsp")
        for (name, file) in [("certificate", certificate), ("key", key), ("ocsp", ocsp)] {
            note(file, of: name, section)
        }
        return (certificate, key, ocsp)
    }

    /// So that a reload tells that the file has changed.
    private func note(_ file: String?, of name: String, _ section: SettingsSection) {
        guard let stamp = file.flatMap({ FileStamp(path($0)) }) else { return }
        section.note(content: "\(stamp)", of: name)
    }

    private func demanded(
        _ files: (certificate: String?, key: String?, ocsp: String?), _ section: SettingsSection
    ) throws(SettingsFailure) -> TLSSettings.CertificateFiles {
        guard let certificate = files.certificate else {
            throw section.refusal(
                of: "certificate", because: "it is missing: a file with the chain in PEM is wanted")
        }
        guard let key = files.key else {
            throw section.refusal(of: "key", because: "it is missing: a file with the key in PEM is wanted")
        }
        return TLSSettings.CertificateFiles(
            certificate: path(certificate), key: path(key), ocsp: files.ocsp.map(path))
    }

    private func path(_ name: String) -> String { filePath(name, from: folder) }
}
