/// Whose a folder is at present.

enum FolderHold {
    /// This process's, as long as it holds this.
    case own(any FolderLock)
    /// Another one's, by what it calls itself.
    case other(String)

    /// Keeps others out if none is in.
    init(_ folder: any StorageFolder, as holder: String) throws(StorageFailure) {
        do throws(StorageFailure) {
            self = .own(try folder.lock(as: holder))
        } catch {
            guard case .inUse(_, let other) = error else { throw error }
            self = .other(other)
        }
    }

    var other: String? {
        if case .other(let name) = self { name } else { nil }
    }
}
