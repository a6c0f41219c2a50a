/// Memory and swap, from /proc/meminfo (proc_meminfo(5)), with the meanings of free(1) of procps 4.
internal import Primitives

/// Bytes.
struct MemoryUse: Equatable {
    var total: UInt64 = 0
    var free: UInt64 = 0
    var available: UInt64 = 0
    var buffersAndCache: UInt64 = 0
    var swapTotal: UInt64 = 0
    var swapFree: UInt64 = 0

    /// Memory that no program can get without swapping.
    var used: UInt64 { total - min(available, total) }
    var swapUsed: UInt64 { swapTotal - min(swapFree, swapTotal) }
    var usedPercent: Double { percent(used, of: total) }
    var swapUsedPercent: Double { percent(swapUsed, of: swapTotal) }

    init(_ text: Span<UInt8>) {
        var reportedAvailable: UInt64?
        text.forEachLine { line in
            let fields = line.fields
            guard fields.count >= 2, let kibibytes = line.extracting(fields[1]).decimal else { return }
            let name = line.extracting(fields[0])
            let (bytes, overflowed) = kibibytes.multipliedReportingOverflow(by: 1024)
            guard !overflowed else { return }
            if name.equals("MemTotal:") { total = bytes }
            if name.equals("MemFree:") { free = bytes }
            if name.equals("MemAvailable:") { reportedAvailable = bytes }
            if name.equals("SwapTotal:") { swapTotal = bytes }
            if name.equals("SwapFree:") { swapFree = bytes }
            if name.equals("Buffers:") || name.equals("Cached:") || name.equals("SReclaimable:") {
                buffersAndCache &+= bytes
            }
        }
        // Linux before 3.14 does not report it; tools then used this instead.
        available = reportedAvailable ?? free &+ buffersAndCache
    }
}

/// 0 of 0 is 0: a machine without swap uses none.
func percent(_ part: UInt64, of whole: UInt64) -> Double {
    whole == 0 ? 0 : Double(part) * 100 / Double(whole)
}
