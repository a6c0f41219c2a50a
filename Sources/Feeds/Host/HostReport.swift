/// Turns readings of the machine into updates: from one reading, and from the difference of two.
internal import Broker
internal import Primitives

struct HostReport: ~Copyable {
    private let prefix: String
    private let metrics: Set<HostMetric>
    private var data = ByteBuffer()

    init(prefix: String, metrics: Set<HostMetric>) {
        self.prefix = prefix
        self.metrics = metrics
    }

    // MARK: One reading

    /// Appends the values that need no earlier reading.
    mutating func appendValues(of reading: HostReading, into batch: inout UpdateBatch) {
        if let load = reading.load { append(load, into: &batch) }
        if let memory = reading.memory { append(memory, into: &batch) }
        for (mount, use) in reading.disks { append(use, of: mount, into: &batch) }
        if let uptime = reading.uptime {
            data.append(field: "seconds", uptime.seconds, isFirst: true)
            data.append(field: "idleSeconds", uptime.idleSeconds)
            finish("uptime", into: &batch)
        }
        if let count = reading.processCount, let cpu = reading.cpu {
            data.append(field: "count", count, isFirst: true)
            data.append(field: "running", cpu.runningProcessCount)
            data.append(field: "blocked", cpu.blockedProcessCount)
            finish("processes", into: &batch)
        }
    }

    private mutating func append(_ load: LoadAverage, into batch: inout UpdateBatch) {
        data.append(field: "load1", load.averages[0], isFirst: true)
        data.append(field: "load5", load.averages[1])
        data.append(field: "load15", load.averages[2])
        data.append(field: "running", load.running)
        data.append(field: "threads", load.threads)
        finish("load", into: &batch)
    }

    private mutating func append(_ memory: MemoryUse, into batch: inout UpdateBatch) {
        if metrics.contains(.memory) {
            data.append(field: "totalBytes", memory.total, isFirst: true)
            data.append(field: "usedBytes", memory.used)
            data.append(field: "availableBytes", memory.available)
            data.append(field: "freeBytes", memory.free)
            data.append(field: "buffersCacheBytes", memory.buffersAndCache)
            data.append(field: "usedPercent", memory.usedPercent)
            finish("memory", into: &batch)
        }
        if metrics.contains(.swap) {
            data.append(field: "totalBytes", memory.swapTotal, isFirst: true)
            data.append(field: "usedBytes", memory.swapUsed)
            data.append(field: "freeBytes", memory.swapFree)
            data.append(field: "usedPercent", memory.swapUsedPercent)
            finish("swap", into: &batch)
        }
    }

    private mutating func append(_ use: DiskUse, of mount: Mount, into batch: inout UpdateBatch) {
        data.append(field: "totalBytes", use.total, isFirst: true)
        data.append(field: "usedBytes", use.used)
        data.append(field: "availableBytes", use.available)
        data.append(field: "usedPercent", use.usedPercent)
        finish("disk/\(mount.topic)", into: &batch)
    }

    // MARK: Two readings

    /// Appends the differences of two readings. A device that is new, or whose counters restarted, waits for the next
    /// reading.
    mutating func appendRates(
        from earlier: HostReading, to reading: HostReading, into batch: inout UpdateBatch
    ) {
        let elapsed = reading.moment.since(earlier.moment)
        if metrics.contains(.cpu), let before = earlier.cpu, let after = reading.cpu {
            append(from: before, to: after, into: &batch)
        }
        for device in reading.devices {
            guard let before = earlier.devices.first(where: { $0.name == device.name }),
                let rates = device.rates(since: before, over: elapsed)
            else { continue }
            append(rates, of: device.name, into: &batch)
        }
        for interface in reading.interfaces {
            guard let before = earlier.interfaces.first(where: { $0.name == interface.name }),
                let rates = interface.rates(since: before, over: elapsed)
            else { continue }
            append(interface, rates, into: &batch)
        }
    }

    private mutating func append(
        from before: CPUSample, to after: CPUSample, into batch: inout UpdateBatch
    ) {
        if let earlier = before.total, let shares = after.total?.shares(since: earlier) {
            append(shares, of: "total", into: &batch)
        }
        let earlierTimes = Dictionary(before.processors, uniquingKeysWith: { first, _ in first })
        for (number, times) in after.processors {
            guard let earlier = earlierTimes[number], let shares = times.shares(since: earlier) else {
                continue
            }
            append(shares, of: "\(number)", into: &batch)
        }
    }

    private mutating func append(_ shares: CPUShares, of name: String, into batch: inout UpdateBatch) {
        data.append(field: "userPercent", shares.user, isFirst: true)
        data.append(field: "systemPercent", shares.system)
        data.append(field: "iowaitPercent", shares.ioWait)
        data.append(field: "stealPercent", shares.steal)
        data.append(field: "idlePercent", shares.idle)
        data.append(field: "busyPercent", shares.busy)
        finish("cpu/\(name)", into: &batch)
    }

    private mutating func append(_ rates: DiskRates, of name: String, into batch: inout UpdateBatch) {
        data.append(field: "readBytesPerSecond", rates.readBytes, isFirst: true)
        data.append(field: "writtenBytesPerSecond", rates.writtenBytes)
        data.append(field: "readsPerSecond", rates.reads)
        data.append(field: "writesPerSecond", rates.writes)
        data.append(field: "busyPercent", rates.busyPercent)
        finish("diskio/\(OutsideName.segments(name))", into: &batch)
    }

    private mutating func append(
        _ counters: NetworkCounters, _ rates: NetworkRates, into batch: inout UpdateBatch
    ) {
        data.append(field: "receivedBytes", counters.received.bytes, isFirst: true)
        data.append(field: "transmittedBytes", counters.transmitted.bytes)
        data.append(field: "receivedBytesPerSecond", rates.receivedBytes)
        data.append(field: "transmittedBytesPerSecond", rates.transmittedBytes)
        data.append(field: "receivedPackets", counters.received.packets)
        data.append(field: "transmittedPackets", counters.transmitted.packets)
        data.append(field: "receivedPacketsPerSecond", rates.receivedPackets)
        data.append(field: "transmittedPacketsPerSecond", rates.transmittedPackets)
        data.append(field: "receiveErrors", counters.received.errors)
        data.append(field: "transmitErrors", counters.transmitted.errors)
        data.append(field: "receiveDrops", counters.received.drops)
        data.append(field: "transmitDrops", counters.transmitted.drops)
        finish("net/\(OutsideName.segments(counters.name))", into: &batch)
    }

    private mutating func finish(_ topic: String, into batch: inout UpdateBatch) {
        batch.append(&data, as: "\(prefix)/\(topic)")
    }
}
