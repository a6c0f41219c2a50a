/// `tidegate state backup`.
internal import Broker
internal import Primitives
internal import Storage
internal import Synchronization

extension State {
    static func backup(_ arguments: inout Arguments) throws -> Int32 {
        let words = try arguments.positionals(2...2)
        // A name beside it is made from it.
        var target = words[1]
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        let shown = Shown()
        let line = try ProgressLine { shown.text(words[0]) }
        defer { line.end() }
        let backup = try Backup(ofFolderAt: words[0], at: target) { progress in shown.begin(progress) }
        let retries = backup.retryCount > 0 ? ", after \(backup.retryCount) attempts that it overtook" : ""
        let gateway = backup.isOfRunningGateway ? "a gateway that runs" : "a gateway that stands still"
        try Console.show(
            "\(target) is a copy of \(gateway)\(retries): its snapshot and \(backup.entryCount) entries, read again and whole"
        )
        return 0
    }

    /// Which attempt is under way, and how far it is.
    private final class Shown: Sendable {
        private let attempt = Mutex((count: 0, progress: RestoreProgress()))

        func begin(_ progress: RestoreProgress) {
            attempt.withLock { $0 = ($0.count + 1, progress) }
        }

        func text(_ path: String) -> String {
            let (count, progress) = attempt.withLock { $0 }
            return
                "copying \(path): \(Int(progress.fraction * 100)) %\(count > 1 ? ", attempt \(count)" : "")"
        }
    }
}
