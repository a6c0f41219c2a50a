/// How the environment names a setting: `limits.messageBytes` is `TIDEGATE_LIMITS_MESSAGE_BYTES`.
///
/// The way back is not unique, so it is never gone: each key that is asked for looks for its own name.
extension SettingsSection {
    package static var environmentPrefix: String { "TIDEGATE_" }

    /// The environment variable that overrides `path`. What is neither letter nor digit becomes an underscore,
    /// and so does the step from a small letter or digit to a capital.
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

    /// The variables of `environment` that are settings, ready to be handed over as overrides. `reserved` are
    /// those with another meaning, such as the one that names the file.
    package static func overrides(
        from environment: [String: String], except reserved: Set<String> = []
    ) -> [String: String] {
        environment.filter { $0.key.hasPrefix(environmentPrefix) && !reserved.contains($0.key) }
    }
}
