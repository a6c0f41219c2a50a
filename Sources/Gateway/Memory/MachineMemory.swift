/// The memory that this process may use: the machine's, or less where a control group says so.
internal import Glibc
internal import Primitives

enum MachineMemory {
    /// Bytes; a gibibyte where nothing can be found out.
    static var byteCount: Int { byteCount { KernelFile.text($0) } }

    /// The same of what `file` has under a path, nil where there is no such file.
    static func byteCount(_ file: (String) -> String?) -> Int {
        let groups = (file("/proc/self/cgroup") ?? "").split(separator: "\n").map(String.init)
        let limits = groups.flatMap { limitFiles(of: $0) }.compactMap { file($0).flatMap(limit) }
        return ([machine(file("/proc/meminfo") ?? "")] + limits).compactMap(\.self).min() ?? 1 << 30
    }

    /// `MemTotal:       24683308 kB` (proc_meminfo(5)).
    private static func machine(_ text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        guard let number = line?.split(separator: " ").dropFirst().first else { return nil }
        return Int(number).map { $0 * 1024 }
    }

    /// The files that may limit the group of a line of /proc/self/cgroup: its own and those of the groups around it, up to the
    /// root of what is mounted here (cgroups(7)). Version 2 has the line `0::/path`, version 1 `9:memory:/path`.
    private static func limitFiles(of line: String) -> [String] {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let isSecond = parts[0] == "0" && parts[1].isEmpty
        guard isSecond || parts[1].split(separator: ",").contains("memory") else { return [] }
        let root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
        let name = isSecond ? "memory.max" : "memory.limit_in_bytes"
        let segments = parts[2].split(separator: "/")
        return (0...segments.count).map { count in
            ([root] + segments.prefix(count).map(String.init) + [name]).joined(separator: "/")
        }
    }

    /// A number of bytes; "max", and version 1's number for it, are no limit.
    private static func limit(_ text: String) -> Int? {
        let number = text.split(separator: "\n").first.flatMap { Int($0) }
        return number.flatMap { $0 > 0 && $0 < 1 << 60 ? $0 : nil }
    }
}
