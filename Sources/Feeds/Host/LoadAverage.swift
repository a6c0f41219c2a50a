/// How busy the scheduler is and how long the machine is up: /proc/loadavg and /proc/uptime.
internal import Primitives

struct LoadAverage: Equatable {
    /// Over 1, 5 and 15 minutes.
    var averages: [Double]
    /// Threads that run or could run, this one included.
    var running: UInt64
    var threads: UInt64

    /// `0.12 0.11 0.03 1/86 4966`; nil for anything else.
    init?(_ text: Span<UInt8>) {
        let words = text.text.split { $0 == " " || $0 == "\n" }
        let averages = words.prefix(3).compactMap { Double($0) }
        guard averages.count == 3, words.count >= 4 else { return nil }
        let counts = words[3].split(separator: "/").compactMap { UInt64($0) }
        guard counts.count == 2 else { return nil }
        self.averages = averages
        running = counts[0]
        threads = counts[1]
    }
}

struct Uptime: Equatable {
    var seconds: Double
    /// The sum over all processors.
    var idleSeconds: Double

    /// `1971.05 3789.21`; nil for anything else.
    init?(_ text: Span<UInt8>) {
        let numbers = text.text.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
        guard numbers.count == 2 else { return nil }
        seconds = numbers[0]
        idleSeconds = numbers[1]
    }
}
