/// The seam to the file system: one flat folder, and files that are read and written at places. `DiskFolder` is the real
/// one; tests put a disk there that forgets.

/// Any thread.
package protocol StorageFolder: Sendable {
    /// What messages call it.
    var path: String { get }

    /// The names of all files, in no order.
    func names() throws(StorageFailure) -> [String]

    func open(_ name: String) throws(StorageFailure) -> any StoredFile

    /// Makes a file of `byteCount` bytes, all zero, for which the disk has set space aside; it replaces one of that name.
    func create(_ name: String, byteCount: Int) throws(StorageFailure) -> any StoredFile

    /// Gives a file another name; it replaces one that has it.
    func rename(_ name: String, to newName: String) throws(StorageFailure)

    func remove(_ name: String) throws(StorageFailure)

    /// Returns when names that were made, changed and removed are safe.
    func sync() throws(StorageFailure)

    /// Keeps other processes out until the lock is let go of, or this process dies.
    ///
    /// - Parameter holder: what the others are told of this process.
    func lock(as holder: String) throws(StorageFailure) -> any FolderLock
}

/// Holds a folder while it lives.
package protocol FolderLock: AnyObject, Sendable {}

/// An open file; it is closed when nobody holds it. Any thread: calls of several do not disturb one another.
package protocol StoredFile: AnyObject, Sendable {
    func byteCount() throws(StorageFailure) -> Int

    /// Reads from `offset` on and returns how many bytes it read: as many as asked for, or all that there are.
    func read(into destination: UnsafeMutableBufferPointer<UInt8>, at offset: Int) throws(StorageFailure)
        -> Int

    /// Writes all of `source`; when it fails, any part of it may be written.
    func write(_ source: UnsafeBufferPointer<UInt8>, at offset: Int) throws(StorageFailure)

    /// Returns when all that was written is safe from a power cut. After a failure nobody knows what is (Rebello and
    /// others, "Can Applications Recover from fsync Failures?", ATC 2020): it must not be called again.
    func sync() throws(StorageFailure)

    func truncate(to byteCount: Int) throws(StorageFailure)
}
