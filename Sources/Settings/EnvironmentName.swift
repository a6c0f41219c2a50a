/// How the environment names a setting: `limits.messageBytes` is `TIDEGATE_LIMITS_MESSAGE_BYTES`.
///
/// Two paths can have the same name, so a name is never turned back into a path: each key looks for its own name.
extension SettingsSection {
    package static var environmentPrefix: String { "TIDEGATE_" }

    /// The environment variable that overrides `path`. Any character but a letter or digit becomes an underscore. An
    /// underscore also goes between a small letter or digit and a capital.
    package static func environmentName(of path: String) -> String {
        var name = environmentPrefix
        var previousIsSmall = false
        for character in path {
            let isWord = character.isLetter || character.isNumber
            if character.isUppercase, previousIsSmall { name += "_" }
            name += isWord ? character.uppercased() : "_"
            previousIsSmall = isWord && !character.isUppercase
        }
        return name
    }

    /// The variables of `environment` that are settings, as overrides. `reserved` names those with another meaning,
    /// such as the one that names the file.
    package static func overrides(
        from environment: [String: String], except reserved: Set<String> = []
    ) -> [String: String] {
        environment.filter { $0.key.hasPrefix(environmentPrefix) && !reserved.contains($0.key) }
    }
}
