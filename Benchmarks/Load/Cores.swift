/// Which cores the processes of a run use. A server of one loop has the first core to itself; readers and the
/// publisher have the others. So nothing migrates, and "one core" means one core for every server.
import Foundation

enum Cores {
    private static let taskset = "/usr/bin/taskset"

    /// Whether this machine has a core to spare and the tool for it (util-linux).
    static let canSplit =
        sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
        && FileManager.default.isExecutableFile(atPath: taskset)

    /// Keeps this process, its threads and its later children off the first core, or lets them use all.
    static func keepOffFirst(_ isKeptOff: Bool) throws {
        guard canSplit else { return }
        let last = sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1
        let process = Process()
        process.executableURL = URL(fileURLWithPath: taskset)
        process.arguments = ["-a", "-c", "-p", "\(isKeptOff ? 1 : 0)-\(last)", "\(getpid())"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }

    /// The command line that runs `words` on the first core only, if `isAlone`.
    static func commandLine(_ words: [String], isAlone: Bool) -> [String] {
        isAlone && canSplit ? [taskset, "-c", "0"] + words : words
    }
}
