/// The files of a folder that are ours, by what their names say.

struct FolderContents {
    private(set) var segments: [UInt64] = []
    /// The positions of snapshots, the newest first.
    private(set) var snapshots: [UInt64] = []
    /// Names of what was not finished.
    private(set) var temporaries: [String] = []

    init(of folder: any StorageFolder) throws(StorageFailure) {
        for name in try folder.names() {
            switch FileName(name) {
            case .segment(let number): segments.append(number)
            case .snapshot(let position): snapshots.append(position)
            case .temporary: temporaries.append(name)
            case nil: break
            }
        }
        segments.sort()
        snapshots.sort(by: >)
    }
}
