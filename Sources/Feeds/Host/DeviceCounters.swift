/// The traffic of block devices and network interfaces since boot: /proc/diskstats and /proc/net/dev.
internal import Primitives

/// One block device (Documentation/admin-guide/iostats.rst).
struct DiskCounters: Equatable {
    var name: String
    var readCount: UInt64
    var readBytes: UInt64
    var writeCount: UInt64
    var writtenBytes: UInt64
    /// Milliseconds during which the device was busy.
    var busyMilliseconds: UInt64

    /// The unit of the counts, independent of the device's own sectors.
    private static let sectorByteCount: UInt64 = 512

    /// Leaves out devices that never did anything: a kernel lists idle loop devices by the dozen.
    static func all(_ text: Span<UInt8>) -> [DiskCounters] {
        var all: [DiskCounters] = []
        text.forEachLine { line in
            let fields = line.fields
            // Partitions have 7 before Linux 2.6.25.
            guard fields.count >= 14 else { return }
            let numbers = line.numbers(fields.dropFirst(3))
            guard numbers[0] > 0 || numbers[4] > 0 else { return }
            all.append(
                DiskCounters(
                    name: line.extracting(fields[2]).text, readCount: numbers[0],
                    readBytes: numbers[2] &* sectorByteCount, writeCount: numbers[4],
                    writtenBytes: numbers[6] &* sectorByteCount, busyMilliseconds: numbers[9]))
        }
        return all
    }

    func rates(since earlier: DiskCounters, over elapsed: Duration) -> DiskRates? {
        let seconds = elapsed.inSeconds
        guard seconds > 0, let reads = growth(readCount, since: earlier.readCount),
            let readBytes = growth(readBytes, since: earlier.readBytes),
            let writes = growth(writeCount, since: earlier.writeCount),
            let writtenBytes = growth(writtenBytes, since: earlier.writtenBytes),
            let busy = growth(busyMilliseconds, since: earlier.busyMilliseconds)
        else { return nil }
        return DiskRates(
            readBytes: Double(readBytes) / seconds, writtenBytes: Double(writtenBytes) / seconds,
            reads: Double(reads) / seconds, writes: Double(writes) / seconds,
            // The two clocks differ by some milliseconds.
            busyPercent: min(Double(busy) / seconds / 10, 100))
    }
}

/// Per second, except the percents.
struct DiskRates: Equatable {
    var readBytes: Double
    var writtenBytes: Double
    var reads: Double
    var writes: Double
    var busyPercent: Double
}

/// One direction of one network interface.
struct NetworkFlow: Equatable {
    var bytes: UInt64
    var packets: UInt64
    var errors: UInt64
    var drops: UInt64
}

struct NetworkCounters: Equatable {
    var name: String
    var received: NetworkFlow
    var transmitted: NetworkFlow

    /// `  eth0: 142885905 2649 0 …`: eight numbers received, eight sent. The first two lines are titles.
    static func all(_ text: Span<UInt8>) -> [NetworkCounters] {
        var all: [NetworkCounters] = []
        text.forEachLine { line in
            // The last colon: an alias has one in its name, and a long number may follow it directly.
            guard let colon = line.indices.last(where: { line[$0] == ASCII.colon }) else { return }
            let label = line.extracting(0..<colon)
            let values = line.extracting((colon + 1)..<line.count)
            let numbers = values.numbers(values.fields)
            guard let name = label.fields.first, numbers.count >= 16 else { return }
            all.append(
                NetworkCounters(
                    name: label.extracting(name).text, received: flow(numbers[0..<8]),
                    transmitted: flow(numbers[8..<16])))
        }
        return all
    }

    private static func flow(_ numbers: ArraySlice<UInt64>) -> NetworkFlow {
        let first = numbers.startIndex
        return NetworkFlow(
            bytes: numbers[first], packets: numbers[first + 1], errors: numbers[first + 2],
            drops: numbers[first + 3])
    }

    func rates(since earlier: NetworkCounters, over elapsed: Duration) -> NetworkRates? {
        let seconds = elapsed.inSeconds
        guard seconds > 0, let receivedBytes = growth(received.bytes, since: earlier.received.bytes),
            let transmittedBytes = growth(transmitted.bytes, since: earlier.transmitted.bytes),
            let receivedPackets = growth(received.packets, since: earlier.received.packets),
            let transmittedPackets = growth(transmitted.packets, since: earlier.transmitted.packets)
        else { return nil }
        return NetworkRates(
            receivedBytes: Double(receivedBytes) / seconds,
            transmittedBytes: Double(transmittedBytes) / seconds,
            receivedPackets: Double(receivedPackets) / seconds,
            transmittedPackets: Double(transmittedPackets) / seconds)
    }
}

/// Per second.
struct NetworkRates: Equatable {
    var receivedBytes: Double
    var transmittedBytes: Double
    var receivedPackets: Double
    var transmittedPackets: Double
}
