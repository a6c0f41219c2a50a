/// Why files could not be read, written or trusted.
internal import Glibc

package enum StorageFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system refused a call; `number` is its reason (`errno`).
    case call(String, path: String, number: Int32)
    /// What was safe on the disk once is there no longer.
    case damaged(path: String, offset: Int, reason: String)
    /// A later release wrote it.
    case newerFormat(path: String, found: UInt32, known: UInt32)
    /// Another process works in the folder.
    case inUse(path: String, holder: String)
    /// No gateway has kept anything there.
    case nothingKept(path: String)
    /// A gateway replaced files faster than they could be read.
    case changed(path: String)
    /// A copy is to be made where something is.
    case notEmpty(path: String, name: String)
    /// What was being written nobody wants any more.
    case abandoned
    /// The record finds no place before the next segment is ready.
    case noRoom(byteCount: Int)
    /// The record is larger than the format allows.
    case tooLarge(byteCount: Int, limit: Int)

    /// The failure of a call that has just returned.
    static func ofCall(_ name: String, _ path: String, _ number: Int32 = errno) -> StorageFailure {
        .call(name, path: path, number: number)
    }

    /// Whether space that somebody frees cures it.
    package var isFullDisk: Bool {
        guard case .call(_, _, let number) = self else { return false }
        return number == ENOSPC || number == EDQUOT
    }

    /// Whether a file is gone that was there a moment ago.
    var isMissingFile: Bool {
        guard case .call(_, _, ENOENT) = self else { return false }
        return true
    }

    /// Whether `repair` cures it.
    package var isDamage: Bool {
        guard case .damaged = self else { return false }
        return true
    }

    package var description: String {
        switch self {
        case .call(let name, let path, let number):
            "\(name) failed for \(path): \(String(cString: strerror(number))) (errno \(number))"
        case .damaged(let path, let offset, let reason):
            "\(path) is damaged at byte \(offset): \(reason); \"tidegate state repair\" cuts there"
        case .newerFormat(let path, let found, let known):
            "\(path) has format \(found), and this release knows formats up to \(known); start a newer release"
        case .inUse(let path, let holder):
            "\(path) is in use by \(holder); stop it first, or choose another folder"
        case .nothingKept(let path):
            "\(path) holds no state; name the folder that \"storage.folder\" names"
        case .changed(let path):
            "\(path) changes faster than it can be read; raise \"storage.snapshotBytes\", or try again when less is published"
        case .notEmpty(let path, let name):
            "\(path) is not empty (\(name) is in it); choose a folder that is not there yet"
        case .abandoned:
            "it was abandoned"
        case .noRoom(let byteCount):
            "no segment has room for a record of \(byteCount) bytes yet"
        case .tooLarge(let byteCount, let limit):
            "a record of \(byteCount) bytes is larger than the limit of \(limit)"
        }
    }
}
