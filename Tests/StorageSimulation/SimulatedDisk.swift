/// The state of a simulated folder: files, names, and what is to go wrong.
import Glibc
import Primitives
import Storage

/// What goes wrong with a call.
package enum DiskFault: Sendable, Equatable {
    /// The call fails with this reason; a write has written a part.
    case error(Int32)
    /// The process dies within the call; a write has written a part.
    case crash
}

struct SimulatedDisk {
    private var random: SeededGenerator
    private var inodes: [Int: SimulatedInode] = [:]
    private var names: [String: Int] = [:]
    private var safeNames: [String: Int] = [:]
    /// Changes of names since the folder was synced.
    private var changes: [NameChange] = []
    private var nextInode = 1
    /// Files that were opened in an earlier life of the process are closed.
    private(set) var life = 1
    private(set) var isCrashed = false
    private(set) var holder: String?

    /// Calls that change something, and syncs.
    private(set) var callCount = 0
    private(set) var syncCount = 0
    var faults: [Int: DiskFault] = [:]

    private enum NameChange {
        case set(String, Int)
        case rename(String, String, Int)
        case remove(String)
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    // MARK: Faults

    /// What a call to a process that has crashed ends with.
    private static let crashed: Int32 = EOWNERDEAD

    func demandLife(_ life: Int?, _ path: String) throws(StorageFailure) {
        guard !isCrashed, life == nil || life == self.life else {
            throw .call("after a crash", path: path, number: Self.crashed)
        }
    }

    /// Counts a call, and what it does when it goes wrong.
    private mutating func begin(_ call: String, _ path: String, _ life: Int? = nil) throws(StorageFailure) {
        if let failure = try fault(call, path, life) { throw failure }
    }

    private mutating func fault(_ call: String, _ path: String, _ life: Int?) throws(StorageFailure)
        -> StorageFailure?
    {
        try demandLife(life, path)
        callCount += 1
        switch faults[callCount] {
        case nil: return nil
        case .error(let number): return .call(call, path: path, number: number)
        case .crash:
            isCrashed = true
            return .call(call, path: path, number: Self.crashed)
        }
    }

    // MARK: Names

    var fileNames: [String] { names.keys.sorted() }

    func inode(of name: String) throws(StorageFailure) -> Int {
        try demandLife(nil, name)
        guard let inode = names[name] else { throw .call("open", path: name, number: ENOENT) }
        return inode
    }

    mutating func create(_ name: String, byteCount: Int) throws(StorageFailure) -> Int {
        try begin("open", name)
        let inode = nextInode
        nextInode += 1
        inodes[inode] = SimulatedInode(byteCount: byteCount)
        names[name] = inode
        changes.append(.set(name, inode))
        return inode
    }

    mutating func rename(_ name: String, to newName: String) throws(StorageFailure) {
        try begin("rename", name)
        guard let inode = names[name] else { throw .call("rename", path: name, number: ENOENT) }
        names[name] = nil
        names[newName] = inode
        changes.append(.rename(name, newName, inode))
    }

    mutating func remove(_ name: String) throws(StorageFailure) {
        try begin("unlink", name)
        guard names.removeValue(forKey: name) != nil else {
            throw .call("unlink", path: name, number: ENOENT)
        }
        changes.append(.remove(name))
    }

    mutating func syncNames() throws(StorageFailure) {
        try begin("fsync", "the folder")
        safeNames = names
        changes = []
    }

    mutating func lock(as newHolder: String) throws(StorageFailure) {
        try demandLife(nil, "the folder")
        if let holder { throw .inUse(path: "the folder", holder: holder) }
        holder = newHolder
    }

    mutating func unlock(_ life: Int) {
        if life == self.life { holder = nil }
    }

    // MARK: Contents

    func byteCount(_ inode: Int, _ life: Int) throws(StorageFailure) -> Int {
        try demandLife(life, "a file")
        return inodes[inode]?.bytes.count ?? 0
    }

    func read(_ inode: Int, _ life: Int, at offset: Int, _ byteCount: Int) throws(StorageFailure) -> [UInt8] {
        try demandLife(life, "a file")
        return Array((inodes[inode]?.bytes ?? []).dropFirst(offset).prefix(byteCount))
    }

    mutating func write(_ inode: Int, _ life: Int, _ bytes: [UInt8], at offset: Int) throws(StorageFailure) {
        let failure = try fault("pwrite", "a file", life)
        let byteCount = failure == nil ? bytes.count : Int.random(in: 0...bytes.count, using: &random)
        inodes[inode]?.write(bytes.prefix(byteCount), at: offset, &random)
        if let failure { throw failure }
    }

    mutating func truncate(_ inode: Int, _ life: Int, to byteCount: Int) throws(StorageFailure) {
        try begin("ftruncate", "a file", life)
        inodes[inode]?.truncate(to: byteCount)
    }

    mutating func sync(_ inode: Int, _ life: Int) throws(StorageFailure) {
        syncCount += 1
        if let failure = try fault("fdatasync", "a file", life) {
            if !isCrashed { inodes[inode]?.failSync(&random) }
            throw failure
        }
        inodes[inode]?.sync()
    }

    mutating func flip(_ name: String, at offset: Int, bit: Int) {
        if let inode = names[name] { inodes[inode]?.flip(offset, bit: bit) }
    }

    func contents(of name: String) -> [UInt8] { names[name].flatMap { inodes[$0]?.bytes } ?? [] }

    // MARK: Ends

    /// The process dies; the system keeps what it was given.
    mutating func kill() {
        life += 1
        isCrashed = false
        holder = nil
        faults = [:]
        inodes = inodes.filter { names.values.contains($0.key) || safeNames.values.contains($0.key) }
    }

    /// The machine loses power: any of what was not synced may be gone, each for itself.
    mutating func cutPower() {
        for change in changes where Bool.random(using: &random) {
            switch change {
            case .set(let name, let inode): safeNames[name] = inode
            case .rename(let name, let newName, let inode):
                if safeNames[name] == inode { safeNames[name] = nil }
                safeNames[newName] = inode
            case .remove(let name): safeNames[name] = nil
            }
        }
        changes = []
        names = safeNames
        for inode in inodes.keys.sorted() { inodes[inode]?.cutPower(&random) }
        kill()
    }
}
