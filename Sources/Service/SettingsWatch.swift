/// Finds out whether the settings' file has changed, by looking at it now and then.
internal import Gateway
internal import Primitives

/// Looking is more reliable than being told: it needs no file system that tells, and finds what a link leads to anew.
struct SettingsWatch {
    /// How long it is between two looks.
    static let interval = Duration.seconds(1)

    private let path: String
    private var known: FileStamp?
    private var seen: FileStamp?

    init(_ path: String) {
        self.path = path
        known = FileStamp(path)
        seen = known
    }

    /// Whether it is another file than when this last said so. What has changed since the last look may not be written whole.
    mutating func hasChanged() -> Bool {
        let present = FileStamp(path)
        defer { seen = present }
        guard let present, present != known, present == seen else { return false }
        known = present
        return true
    }
}
