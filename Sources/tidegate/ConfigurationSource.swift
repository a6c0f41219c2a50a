/// Where settings come from: the file, then the environment, then flags; the later one wins.
internal import Configuration
internal import Glibc
internal import Settings

struct ConfigurationSource: Sendable {
    private let file: String
    /// Whether the person named the file. It must then exist.
    private let isNamed: Bool
    /// Variables of Kubernetes' services, which only look like settings.
    private(set) var passedOver: [String] = []
    private var overrides: [String: String] = [:]
    private var labels: [String: String] = [:]

    /// Flags that set one setting each.
    private static let flags = [
        "host": "host", "port": "port", "threads": "threads", "log-level": "log.level",
        "log-format": "log.format",
    ]

    init(_ arguments: inout Arguments) throws {
        let named = try arguments.value("--config")
        file = named ?? "config.json"
        isNamed = named != nil
        for (name, text) in SettingsSection.overrides(
            from: Self.environment, except: ["TIDEGATE_URL", "TIDEGATE_KEY"])
        {
            if ServiceVariable.matches(name, value: text) {
                passedOver.append(name)
                continue
            }
            overrides[name] = text
            labels[name] = "the environment's \(name)"
        }
        passedOver.sort()
        for setting in try arguments.values("--set") {
            guard let equals = setting.firstIndex(of: "=") else {
                throw UsageFailure(
                    "--set wants PATH=VALUE, for instance --set port=9000; found \"\(setting)\"")
            }
            override(String(setting[..<equals]), String(setting[setting.index(after: equals)...]), "--set")
        }
        for (flag, path) in Self.flags.sorted(by: { $0.key < $1.key }) {
            if let text = try arguments.value("--\(flag)") { override(path, text, "--\(flag)") }
        }
    }

    func read() throws -> TidegateConfiguration {
        var effective = EffectiveSettings()
        return try read(noting: &effective)
    }

    /// `effective` becomes what each setting stands at.
    func read(noting effective: inout EffectiveSettings) throws -> TidegateConfiguration {
        try TidegateConfiguration(
            text: try text(), file: file, overrides: overrides, labels: labels, noting: &effective)
    }

    private mutating func override(_ path: String, _ text: String, _ label: String) {
        // A flag wins over the environment, so the setting's variable goes.
        overrides[SettingsSection.environmentName(of: path)] = nil
        overrides[path] = text
        labels[path] = label
    }

    private func text() throws -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if !isNamed, errno == ENOENT { return Array("{}".utf8) }
            throw SettingsFailure(
                source: file, path: "", reason: "it cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            guard count > 0 else { return text }
            text.append(contentsOf: piece[..<count])
        }
    }

    private static var environment: [String: String] {
        var found: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let line = String(cString: entry)
            if let equals = line.firstIndex(of: "=") {
                found[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            next += 1
        }
        return found
    }
}
