/// One reading of the machine; values that could not be read are nil or missing.
internal import Primitives

struct HostReading {
    /// When the reading was taken.
    var moment: Instant
    var cpu: CPUSample?
    var load: LoadAverage?
    var memory: MemoryUse?
    var uptime: Uptime?
    var processCount: UInt64?
    var disks: [(mount: Mount, use: DiskUse)] = []
    var devices: [DiskCounters] = []
    var interfaces: [NetworkCounters] = []

    init(moment: Instant) {
        self.moment = moment
    }

    init(moment: Instant, metrics: Set<HostMetric>, from files: inout HostFiles) {
        self.init(moment: moment)
        if metrics.contains(.cpu) || metrics.contains(.processes) {
            cpu = files.read("/proc/stat") { CPUSample($0) }
        }
        if metrics.contains(.load) { load = files.read("/proc/loadavg") { LoadAverage($0) } }
        if metrics.contains(.memory) || metrics.contains(.swap) {
            memory = files.read("/proc/meminfo") { MemoryUse($0) }
        }
        if metrics.contains(.uptime) { uptime = files.read("/proc/uptime") { Uptime($0) } }
        if metrics.contains(.processes) { processCount = files.processCount() }
        if metrics.contains(.disk) {
            let mounts = files.read("/proc/self/mounts") { Mount.real($0, isFolder: HostFiles.isFolder) }
            for mount in mounts ?? [] {
                if let use = files.diskUse(of: mount.path) { disks.append((mount, use)) }
            }
        }
        if metrics.contains(.diskio) {
            devices = (files.read("/proc/diskstats") { DiskCounters.all($0) } ?? [])
                .filter { files.isWholeDisk($0.name) }
        }
        if metrics.contains(.net) {
            interfaces = files.read("/proc/net/dev") { NetworkCounters.all($0) } ?? []
        }
    }
}

/// What a host feed can watch. Each name is the first segment after the prefix.
enum HostMetric: String, CaseIterable {
    case cpu
    case load
    case memory
    case swap
    case disk
    case diskio
    case net
    case uptime
    case processes
}
