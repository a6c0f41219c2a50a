/// The kernel's figures for a process and its children: processor time and memory.
import Foundation

struct ProcessFigures {
    /// Nanoseconds on a processor, over all threads.
    var processorTime: UInt64 = 0
    /// Nanoseconds in which a thread could have run, but others had the processor.
    var waitingTime: UInt64 = 0
    /// Bytes of anonymous memory: heap and stacks, not the program itself.
    var privateBytes = 0
    var threadCount = 0

    /// The sum over the processes and their children.
    static func of(_ roots: [Int32]) -> ProcessFigures {
        var sum = ProcessFigures()
        for process in family(of: roots) {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
            for task in tasks {
                // Nanoseconds on a processor, and of waiting for one (proc(5)).
                let times = text("/proc/\(process)/task/\(task)/schedstat").split(separator: " ")
                sum.processorTime += times.first.flatMap { UInt64($0) } ?? 0
                sum.waitingTime += times.dropFirst().first.flatMap { UInt64($0) } ?? 0
            }
            sum.threadCount += tasks.count
            sum.privateBytes += kilobytes("RssAnon:", in: text("/proc/\(process)/status")) * 1024
        }
        return sum
    }

    private static func family(of roots: [Int32]) -> Set<Int32> {
        var family = Set(roots)
        let all =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        let parents = all.map { process in
            // The fields after the name in brackets: state, then parent (proc(5)).
            let fields = text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            return (process, fields.count > 1 ? Int32(fields[1]) ?? 0 : 0)
        }
        for _ in 0..<3 {
            for (process, parent) in parents where family.contains(parent) { family.insert(process) }
        }
        return family
    }

    /// Bytes of kernel memory for TCP buffers, on the whole machine.
    static var socketBytes: Int {
        // "TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1": pages.
        let line = text("/proc/net/sockstat").split(separator: "\n").first { $0.hasPrefix("TCP:") } ?? ""
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "mem"), place + 1 < words.count else { return 0 }
        return (Int(words[place + 1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Bytes of kernel memory in objects of all kinds, sockets included, on the whole machine.
    static var kernelBytes: Int {
        let memory = text("/proc/meminfo")
        return ["Slab:", "KernelStack:", "PageTables:"].reduce(0) { $0 + kilobytes($1, in: memory) * 1024 }
    }

    /// Bytes that wait at either end of a connection: sent by the server but not taken by the reader's kernel, and
    /// taken by that but not by the reader.
    struct Waiting {
        var sending = 0
        var received = 0
        var sum: Int { sending + received }
    }

    /// One for every connection of a server's port, the fullest last (proc(5), /proc/net/tcp).
    static func waitingBytes(port: UInt16) -> [Waiting] {
        var waiting: [Substring: Waiting] = [:]
        let wanted = String(format: ":%04X", port)
        for line in text("/proc/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 4, fields[3] == "01" else { continue }
            let queues = fields[4].split(separator: ":").map { Int($0, radix: 16) ?? 0 }
            guard queues.count == 2 else { continue }
            if fields[1].hasSuffix(wanted) {
                waiting[fields[2], default: Waiting()].sending = queues[0]
            } else if fields[2].hasSuffix(wanted) {
                waiting[fields[1], default: Waiting()].received = queues[1]
            }
        }
        return waiting.values.sorted { $0.sum < $1.sum }
    }

    /// Reads to the end, whatever size the kernel claims.
    private static func text(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        var bytes = Data()
        while let piece = try? file.read(upToCount: 1 << 20), !piece.isEmpty { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func kilobytes(_ name: String, in text: String) -> Int {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
