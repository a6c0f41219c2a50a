/// A folder in which something happens whenever somebody reads.
import Primitives

@testable import Storage

/// One thread.
final class BusyFolder: StorageFolder, @unchecked Sendable {
    // Unchecked: the test has one thread.
    let folder: any StorageFolder
    /// Happens before each listing, opening and reading.
    var meanwhile: () -> Void = {}
    var path: String { folder.path }

    init(_ folder: any StorageFolder) {
        self.folder = folder
    }

    func names() throws(StorageFailure) -> [String] {
        meanwhile()
        return try folder.names()
    }

    func open(_ name: String) throws(StorageFailure) -> any StoredFile {
        meanwhile()
        return BusyFile(try folder.open(name), self)
    }

    func create(_ name: String, byteCount: Int) throws(StorageFailure) -> any StoredFile {
        try folder.create(name, byteCount: byteCount)
    }

    func rename(_ name: String, to newName: String) throws(StorageFailure) {
        try folder.rename(name, to: newName)
    }

    func remove(_ name: String) throws(StorageFailure) { try folder.remove(name) }
    func sync() throws(StorageFailure) { try folder.sync() }
    func lock(as holder: String) throws(StorageFailure) -> any FolderLock { try folder.lock(as: holder) }
}

private final class BusyFile: StoredFile, @unchecked Sendable {
    // Unchecked: the test has one thread.
    private let file: any StoredFile
    private let folder: BusyFolder

    init(_ file: any StoredFile, _ folder: BusyFolder) {
        self.file = file
        self.folder = folder
    }

    func byteCount() throws(StorageFailure) -> Int { try file.byteCount() }

    func read(into destination: UnsafeMutableBufferPointer<UInt8>, at offset: Int) throws(StorageFailure)
        -> Int
    {
        folder.meanwhile()
        return try file.read(into: destination, at: offset)
    }

    func write(_ source: UnsafeBufferPointer<UInt8>, at offset: Int) throws(StorageFailure) {
        try file.write(source, at: offset)
    }

    func sync() throws(StorageFailure) { try file.sync() }
    func truncate(to byteCount: Int) throws(StorageFailure) { try file.truncate(to: byteCount) }
}
