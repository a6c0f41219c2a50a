/// Which file systems are worth watching, from /proc/self/mounts (fstab(5)).
internal import Primitives

struct Mount: Equatable {
    /// The path that it is mounted at, which need not be text.
    var path: [UInt8]
    /// The path as a topic's segments: "root" for "/", "var/lib" for "/var/lib".
    var topic: String

    /// File systems on a disk of this machine, by path. Leaves out the kernel's own, memory, and images (snap mounts
    /// dozens, all full). Network and user-space file systems are left out too, because statvfs on a dead server
    /// never returns; so are single files, which containers mount.
    static func real(_ text: Span<UInt8>, isFolder: ([UInt8]) -> Bool = { _ in true }) -> [Mount] {
        var paths: [(path: [UInt8], source: String)] = []
        text.forEachLine { line in
            let fields = line.fields
            guard fields.count >= 3 else { return }
            let source = line.extracting(fields[0]).text
            let path = unescaped(line.extracting(fields[1]))
            let kind = line.extracting(fields[2]).text
            guard isReal(source: source, path: path, kind: kind), isFolder(path) else { return }
            paths.append((path, source))
        }
        return named(paths.sorted { $0.path.lexicographicallyPrecedes($1.path) })
    }

    private static func isReal(source: String, path: [UInt8], kind: String) -> Bool {
        if ["squashfs", "iso9660", "udf", "erofs", "devtmpfs"].contains(kind) || kind.hasPrefix("fuse") {
            return false
        }
        // A container cannot see the device of its root; ZFS names a pool.
        return source.hasPrefix("/dev/") || kind == "zfs" || (path == [ASCII.slash] && kind != "rootfs")
    }

    /// One mount a device: a container's bind mounts show the same disk repeatedly. A number tells two paths apart
    /// that would make the same topic.
    private static func named(_ paths: [(path: [UInt8], source: String)]) -> [Mount] {
        var mounts: [Mount] = []
        var sources: Set<String> = []
        var topics: Set<String> = []
        for (path, source) in paths where sources.insert(source).inserted {
            let name = String(decoding: OutsideName.segments(Array(path.dropFirst())), as: UTF8.self)
            let base = name.isEmpty ? "root" : name
            var topic = base
            var number = 2
            while !topics.insert(topic).inserted {
                topic = "\(base)-\(number)"
                number += 1
            }
            mounts.append(Mount(path: path, topic: topic))
        }
        return mounts
    }

    /// The file writes spaces, tabs, line feeds and backslashes as \040 and the like.
    private static func unescaped(_ field: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < field.count {
            if field[index] == ASCII.backslash, index + 3 < field.count,
                let code = UInt8(field.extracting((index + 1)..<(index + 4)).text, radix: 8)
            {
                bytes.append(code)
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return bytes
    }
}

/// How full a file system is, in bytes, computed as df(1) does.
struct DiskUse: Equatable {
    var total: UInt64
    var used: UInt64
    /// Available to users other than root.
    var available: UInt64

    /// The share of the blocks that users may fill: root's reserve counts neither as used nor as free.
    var usedPercent: Double { percent(used, of: used &+ available) }

    init(blockByteCount: UInt64, blocks: UInt64, free: UInt64, available: UInt64) {
        total = blocks &* blockByteCount
        used = (blocks - min(free, blocks)) &* blockByteCount
        self.available = available &* blockByteCount
    }
}
