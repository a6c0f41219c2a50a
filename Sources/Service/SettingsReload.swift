internal import Access
/// Reads the settings anew when somebody asks for that, and takes what a running gateway can take.
package import Configuration
internal import Gateway
internal import Logging
internal import Primitives
package import Settings

/// Owned by the thread that serves the gateway's `ReloadDesk`.
package struct SettingsReload {
    /// Reads the settings as the start did; the other value becomes what each stands at.
    package typealias Source = @Sendable (inout EffectiveSettings) throws -> TidegateConfiguration

    private let source: Source
    private let gateway: RunningGateway
    /// Nil: none are to be started.
    private let feeds: RunningFeeds?
    private let errands: Errands
    private let log: Log
    /// What the running gateway goes by.
    private var effective: EffectiveSettings
    private var isOpenToAll: Bool

    init(
        _ source: @escaping Source, of gateway: RunningGateway, _ feeds: RunningFeeds?,
        _ errands: Errands, _ effective: EffectiveSettings, isOpenToAll: Bool, _ log: Log
    ) {
        self.source = source
        self.gateway = gateway
        self.feeds = feeds
        self.errands = errands
        self.effective = effective
        self.isOpenToAll = isOpenToAll
        self.log = log
    }

    /// Tells two texts apart, of which nobody is to learn what they say.
    package static func mark(_ text: String) -> String {
        String(Digest(of: Array(text.utf8).span).hexadecimal.prefix(16))
    }

    /// What the running gateway goes by, for whoever may operate it.
    static func show(_ effective: EffectiveSettings, at gateway: RunningGateway) {
        gateway.reloads.show(settings: effective.marked(mark).json.bytes.array)
    }

    /// All or nothing: what can't be used changes nothing.
    mutating func carryOut() -> ReloadReport {
        do {
            var read = EffectiveSettings()
            let configuration = try source(&read)
            try errands.begin(by: configuration.gateway.access)
            try gateway.take(configuration.gateway)
            return .taken(take(configuration, read))
        } catch {
            log.tell(.settingsRefused, ["reason": .text("\(error)")])
            return .refused("\(error)")
        }
    }

    private mutating func take(
        _ configuration: TidegateConfiguration, _ read: EffectiveSettings
    ) -> ReloadReport.Outcome {
        feeds?.take(configuration.feeds)
        log.change(level: configuration.log.level)
        let difference = effective.take(read, where: TidegateConfiguration.isTakenAtOnce)
        Self.show(effective, at: gateway)
        log.tell(
            .settingsTaken,
            [
                "changed": .text(difference.taken.joined(separator: " ")),
                "restart": .text(difference.left.joined(separator: " ")),
            ])
        let wasOpenToAll = isOpenToAll
        isOpenToAll = configuration.gateway.access.letsStrangersPublish(at: gateway.addresses)
        if isOpenToAll, !wasOpenToAll { log.tell(.openToAll) }
        return ReloadReport.Outcome(
            changed: difference.taken, restart: difference.left, unchangedCount: difference.sameCount)
    }
}
