/// A backup from one folder of the file system to another.

package import Broker

extension Backup {
    /// Copies the folder at `path` to `target`, where nothing may be but an empty folder. The copy is made beside it, in
    /// `target.unfinished`, and gets its name when it is whole, read again and safe.
    package init(ofFolderAt path: String, at target: String, begin: (RestoreProgress) -> Void) throws {
        let source = try DiskFolder(existing: path)
        // What is in the way is told before the work, not after it.
        if let present = try? DiskFolder(existing: target), let name = try present.names().first {
            throw StorageFailure.notEmpty(path: target, name: name)
        }
        let unfinished = try DiskFolder(path: target + ".unfinished")
        let lock = try unfinished.lock(as: "tidegate state backup")
        defer { withExtendedLifetime(lock) {} }
        try unfinished.removeAll()
        if let name = try unfinished.names().first(where: { $0 != FileName.lock }) {
            throw StorageFailure.notEmpty(path: unfinished.path, name: name)
        }
        do {
            try self.init(of: source, to: unfinished, begin: begin)
            try unfinished.sync()
            try DiskFolder.move(unfinished.path, to: target)
        } catch {
            // What can't be removed the next backup to that place replaces.
            try? unfinished.removeAll()
            try? unfinished.remove(FileName.lock)
            DiskFolder.removeIfEmpty(unfinished.path)
            throw error
        }
    }
}
