/// A folder on a simulated disk. It fails where a test wants it to, and after a power cut it holds some of what was not synced.
internal import Primitives
package import Storage
internal import Synchronization

/// Any thread. One seed, and the same calls, make the same disk.
package final class SimulatedFolder: StorageFolder {
    package let path = "disk"
    fileprivate let disk: Mutex<SimulatedDisk>

    package init(seed: UInt64) {
        disk = Mutex(SimulatedDisk(seed: seed))
    }

    // MARK: For the test

    /// Calls so far that change something or sync.
    package var callCount: Int { disk.withLock { $0.callCount } }

    /// Calls so far that sync a file.
    package var syncCount: Int { disk.withLock { $0.syncCount } }

    /// Has the call after `calls` more go wrong: 0 is the next one.
    package func fail(after calls: Int, with fault: DiskFault) {
        disk.withLock { $0.faults[$0.callCount + 1 + calls] = fault }
    }

    package func forgetFaults() { disk.withLock { $0.faults = [:] } }

    /// Whether a fault has crashed the process: until `kill` or `cutPower` all calls fail.
    package var isCrashed: Bool { disk.withLock { $0.isCrashed } }

    /// The process dies; the system keeps what it was given.
    package func kill() { disk.withLock { $0.kill() } }

    /// The machine loses power.
    package func cutPower() { disk.withLock { $0.cutPower() } }

    /// Changes a bit of a file.
    package func flip(_ name: String, at offset: Int, bit: Int) {
        disk.withLock { $0.flip(name, at: offset, bit: bit) }
    }

    package var fileNames: [String] { disk.withLock { $0.fileNames } }

    package func contents(of name: String) -> [UInt8] { disk.withLock { $0.contents(of: name) } }

    // MARK: StorageFolder

    package func names() throws(StorageFailure) -> [String] {
        try disk.withLock { disk throws(StorageFailure) in
            try disk.demandLife(nil, path)
            return disk.fileNames
        }
    }

    package func open(_ name: String) throws(StorageFailure) -> any StoredFile {
        let (inode, life) = try disk.withLock { disk throws(StorageFailure) in
            (try disk.inode(of: name), disk.life)
        }
        return SimulatedFile(self, inode, life)
    }

    package func create(_ name: String, byteCount: Int) throws(StorageFailure) -> any StoredFile {
        let (inode, life) = try disk.withLock { disk throws(StorageFailure) in
            (try disk.create(name, byteCount: byteCount), disk.life)
        }
        return SimulatedFile(self, inode, life)
    }

    package func rename(_ name: String, to newName: String) throws(StorageFailure) {
        try disk.withLock { disk throws(StorageFailure) in try disk.rename(name, to: newName) }
    }

    package func remove(_ name: String) throws(StorageFailure) {
        try disk.withLock { disk throws(StorageFailure) in try disk.remove(name) }
    }

    package func sync() throws(StorageFailure) {
        try disk.withLock { disk throws(StorageFailure) in try disk.syncNames() }
    }

    package func lock(as holder: String) throws(StorageFailure) -> any FolderLock {
        let life = try disk.withLock { disk throws(StorageFailure) in
            try disk.lock(as: holder)
            return disk.life
        }
        return SimulatedLock(self, life)
    }
}

private final class SimulatedLock: FolderLock {
    private let folder: SimulatedFolder
    private let life: Int

    init(_ folder: SimulatedFolder, _ life: Int) {
        self.folder = folder
        self.life = life
    }

    deinit {
        folder.disk.withLock { $0.unlock(life) }
    }
}

private final class SimulatedFile: StoredFile {
    private let folder: SimulatedFolder
    private let inode: Int
    private let life: Int

    init(_ folder: SimulatedFolder, _ inode: Int, _ life: Int) {
        self.folder = folder
        self.inode = inode
        self.life = life
    }

    func byteCount() throws(StorageFailure) -> Int {
        try folder.disk.withLock { disk throws(StorageFailure) in try disk.byteCount(inode, life) }
    }

    func read(into destination: UnsafeMutableBufferPointer<UInt8>, at offset: Int) throws(StorageFailure)
        -> Int
    {
        let wanted = destination.count
        let bytes = try folder.disk.withLock { disk throws(StorageFailure) in
            try disk.read(inode, life, at: offset, wanted)
        }
        _ = destination.update(fromContentsOf: bytes)
        return bytes.count
    }

    func write(_ source: UnsafeBufferPointer<UInt8>, at offset: Int) throws(StorageFailure) {
        let bytes = Array(source)
        try folder.disk.withLock { disk throws(StorageFailure) in
            try disk.write(inode, life, bytes, at: offset)
        }
    }

    func sync() throws(StorageFailure) {
        try folder.disk.withLock { disk throws(StorageFailure) in try disk.sync(inode, life) }
    }

    func truncate(to byteCount: Int) throws(StorageFailure) {
        try folder.disk.withLock { disk throws(StorageFailure) in
            try disk.truncate(inode, life, to: byteCount)
        }
    }
}
