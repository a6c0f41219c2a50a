/// The work of processors, from /proc/stat (proc_pid_stat(5), proc_stat(5)).
internal import Primitives

/// Clock ticks since boot, of one processor or of all of them.
struct CPUTimes: Equatable {
    /// Includes nice time. The kernel already counts guests' time here.
    var user: UInt64 = 0
    /// Includes interrupts.
    var system: UInt64 = 0
    var idle: UInt64 = 0
    var ioWait: UInt64 = 0
    var steal: UInt64 = 0

    /// The shares of the time since `earlier`; nil if no time has passed.
    func shares(since earlier: CPUTimes) -> CPUShares? {
        // The kernel may take back idle or waiting time; such a difference counts as zero.
        func spent(_ time: KeyPath<CPUTimes, UInt64>) -> Double {
            Double(growth(self[keyPath: time], since: earlier[keyPath: time]) ?? 0)
        }
        let times = [spent(\.user), spent(\.system), spent(\.idle), spent(\.ioWait), spent(\.steal)]
        let total = times.reduce(0, +)
        guard total > 0 else { return nil }
        let percents = times.map { $0 * 100 / total }
        return CPUShares(
            user: percents[0], system: percents[1], idle: percents[2], ioWait: percents[3],
            steal: percents[4])
    }
}

/// Percents of the time between two samples; they add up to 100.
struct CPUShares: Equatable {
    var user: Double
    var system: Double
    var idle: Double
    var ioWait: Double
    var steal: Double
    /// All but idle time and waiting for disks.
    var busy: Double { user + system + steal }
}

/// One reading of /proc/stat.
struct CPUSample: Equatable {
    var total: CPUTimes?
    /// By the kernel's number; processors that are off are missing.
    var processors: [(number: UInt64, times: CPUTimes)] = []
    var runningProcessCount: UInt64 = 0
    var blockedProcessCount: UInt64 = 0

    init(_ text: Span<UInt8>) {
        text.forEachLine { line in
            let fields = line.fields
            guard let label = fields.first else { return }
            let name = line.extracting(label)
            let numbers = line.numbers(fields.dropFirst())
            if name.equals("cpu") {
                total = Self.times(numbers)
            } else if name.starts(with: "cpu"), let number = name.extracting(3..<name.count).decimal {
                processors.append((number, Self.times(numbers)))
            } else if name.equals("procs_running") {
                runningProcessCount = numbers.number(0)
            } else if name.equals("procs_blocked") {
                blockedProcessCount = numbers.number(0)
            }
        }
    }

    /// user nice system idle iowait irq softirq steal guest guest_nice; old kernels write fewer fields.
    private static func times(_ ticks: [UInt64]) -> CPUTimes {
        CPUTimes(
            user: ticks.number(0) &+ ticks.number(1),
            system: ticks.number(2) &+ ticks.number(5) &+ ticks.number(6), idle: ticks.number(3),
            ioWait: ticks.number(4), steal: ticks.number(7))
    }

    static func == (left: CPUSample, right: CPUSample) -> Bool {
        left.total == right.total && left.processors.elementsEqual(right.processors, by: ==)
            && left.runningProcessCount == right.runningProcessCount
            && left.blockedProcessCount == right.blockedProcessCount
    }
}
