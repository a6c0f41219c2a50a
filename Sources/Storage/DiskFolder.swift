/// A folder of the machine's file system.
internal import Glibc
internal import Primitives

package final class DiskFolder: StorageFolder {
    package let path: String
    private let descriptor: Int32

    /// Opens the folder at `path`, and makes it if it is not there.
    package convenience init(path: String) throws(StorageFailure) {
        if mkdir(path, 0o700) == 0 {
            try Self.syncFolder(above: path)
        } else if errno != EEXIST {
            throw .ofCall("mkdir", path)
        }
        try self.init(existing: path)
    }

    /// Opens a folder that is there.
    package init(existing path: String) throws(StorageFailure) {
        self.path = path
        descriptor = Self.opened(AT_FDCWD, path, O_RDONLY | O_DIRECTORY)
        if descriptor < 0 { throw .ofCall("open", path) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Gives a folder that nobody has open by its path another one, which must be free or an empty folder's, and returns when that is
    /// safe.
    package static func move(_ path: String, to newPath: String) throws(StorageFailure) {
        if uninterrupted({ Int(Glibc.rename(path, newPath)) }) < 0 { throw .ofCall("rename", newPath) }
        try syncFolder(above: newPath)
    }

    static func removeIfEmpty(_ path: String) { rmdir(path) }

    package func names() throws(StorageFailure) -> [String] {
        // A descriptor of its own, because reading moves the place in the folder.
        let own = Self.opened(descriptor, ".", O_RDONLY | O_DIRECTORY)
        guard own >= 0, let stream = fdopendir(own) else {
            let failure = StorageFailure.ofCall("opendir", path)
            if own >= 0 { close(own) }
            throw failure
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw .ofCall("readdir", path) }
        return names
    }

    package func open(_ name: String) throws(StorageFailure) -> any StoredFile {
        try DiskFile(open(name, O_RDWR), path: path(of: name))
    }

    package func create(_ name: String, byteCount: Int) throws(StorageFailure) -> any StoredFile {
        let file = try DiskFile(open(name, O_RDWR | O_CREAT | O_TRUNC), path: path(of: name))
        do throws(StorageFailure) {
            try file.fill(byteCount: byteCount)
        } catch {
            // A disk that is full needs the space. If it can't be removed either, the next one of that name replaces it.
            unlinkat(descriptor, name, 0)
            throw error
        }
        return file
    }

    package func rename(_ name: String, to newName: String) throws(StorageFailure) {
        if uninterrupted({ Int(renameat(descriptor, name, descriptor, newName)) }) < 0 {
            throw .ofCall("rename", path(of: name))
        }
    }

    package func remove(_ name: String) throws(StorageFailure) {
        if uninterrupted({ Int(unlinkat(descriptor, name, 0)) }) < 0 {
            throw .ofCall("unlink", path(of: name))
        }
    }

    package func sync() throws(StorageFailure) {
        if uninterrupted({ Int(fsync(descriptor)) }) < 0 { throw .ofCall("fsync", path) }
    }

    package func lock(as holder: String) throws(StorageFailure) -> any FolderLock {
        let name = FileName.lock
        let file = try DiskFile(open(name, O_RDWR | O_CREAT), path: path(of: name))
        return try DiskFolderLock(file, folder: path, holder: holder)
    }

    private func path(of name: String) -> String { "\(path)/\(name)" }

    private func open(_ name: String, _ flags: Int32) throws(StorageFailure) -> Int32 {
        let opened = Self.opened(descriptor, name, flags)
        if opened < 0 { throw .ofCall("open", path(of: name)) }
        return opened
    }

    /// Nobody but the gateway's user may read what publishers have sent.
    private static func opened(_ folder: Int32, _ name: String, _ flags: Int32) -> Int32 {
        Int32(uninterrupted { Int(openat(folder, name, flags | O_CLOEXEC, 0o600)) })
    }

    /// A folder is safe when the one that names it is.
    private static func syncFolder(above path: String) throws(StorageFailure) {
        let above = opened(AT_FDCWD, path + "/..", O_RDONLY | O_DIRECTORY)
        if above < 0 { throw .ofCall("open", path + "/..") }
        defer { close(above) }
        if uninterrupted({ Int(fsync(above)) }) < 0 { throw .ofCall("fsync", path + "/..") }
    }
}

/// The lock is the kernel's: a process that is dead holds nothing, whatever the file says.
private final class DiskFolderLock: FolderLock {
    private let file: DiskFile

    init(_ file: DiskFile, folder: String, holder: String) throws(StorageFailure) {
        self.file = file
        guard try file.lock() else { throw .inUse(path: folder, holder: try Self.holder(in: file)) }
        let line = Array("process \(getpid()), \(holder)\n".utf8)
        try file.truncate(to: 0)
        try file.write(line)
    }

    /// Who wrote the file; the name is bounded, because anybody may have written it.
    private static func holder(in file: DiskFile) throws(StorageFailure) -> String {
        var bytes = [UInt8](repeating: 0, count: 200)
        let byteCount = try file.read(into: &bytes)
        let line = bytes[..<byteCount].prefix { $0 >= 0x20 && $0 != 0x7F }
        return line.isEmpty ? "another process" : String(decoding: line, as: UTF8.self)
    }
}
