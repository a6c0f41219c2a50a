import Foundation
import Testing

@testable import Storage

@Suite struct DiskFolderTests {
    private let stage: DiskStage

    init() throws {
        stage = try DiskStage()
    }

    @Test func aFileThatIsMadeHasItsSpaceAndIsZero() throws {
        _ = try stage.folder.create("file", byteCount: 100_000)
        #expect(try stage.contents("file") == [UInt8](repeating: 0, count: 100_000))
        var status = stat()
        #expect(stat(stage.path("file").path, &status) == 0)
        #expect(Int(status.st_blocks) * 512 >= 100_000)
        #expect(status.st_mode & 0o077 == 0)
    }

    /// Nobody has that much: the kernel refuses it before anything is written.
    @Test func aFileThatFindsNoSpaceIsNotThere() throws {
        let failure = #expect(throws: StorageFailure.self) {
            _ = try stage.folder.create("file", byteCount: .max)
        }
        #expect(
            failure?.description.hasPrefix("posix_fallocate failed for \(stage.location.path)/file: ") == true
        )
        #expect(try stage.names == [])
    }

    @Test func readsEndWithTheFile() throws {
        let file = DiskFile(open(stage.path("file").path, O_RDWR | O_CREAT, 0o600), path: "file")
        try file.write([1, 2, 3], at: 2)
        var bytes = [UInt8](repeating: 9, count: 8)
        #expect(try file.read(into: &bytes) == 5)
        #expect(bytes == [0, 0, 1, 2, 3, 9, 9, 9])
        try file.truncate(to: 3)
        #expect(try file.byteCount() == 3)
    }

    @Test func namesComeAndGo() throws {
        _ = try stage.folder.create("a", byteCount: 0)
        _ = try stage.folder.create("b", byteCount: 0)
        try stage.folder.rename("a", to: "c")
        try stage.folder.remove("b")
        try stage.folder.sync()
        #expect(try stage.names == ["c"])
    }

    @Test func aFailureSaysCallFileAndReason() throws {
        let failure = #expect(throws: StorageFailure.self) { _ = try stage.folder.open("nowhere") }
        #expect(
            failure?.description
                == "open failed for \(stage.location.path)/nowhere: No such file or directory (errno 2)")
        #expect(failure?.isFullDisk == false)
        #expect(StorageFailure.call("pwrite", path: "x", number: ENOSPC).isFullDisk)
    }

    @Test func aSecondHolderIsRefusedAndToldOfTheFirst() throws {
        var first: (any FolderLock)? = try stage.folder.lock(as: "tidegate serve")
        #expect(first != nil)
        let other = try DiskFolder(path: stage.location.path)
        let failure = #expect(throws: StorageFailure.self) { _ = try other.lock(as: "tidegate state") }
        #expect(
            failure
                == .inUse(path: stage.location.path, holder: "process \(getpid()), tidegate serve"))
        first = nil
        _ = try other.lock(as: "tidegate state")
    }

    /// The kernel has let go of what a dead process held; its line is still there.
    @Test func theDeadHoldNothing() throws {
        try Data("process 1, tidegate serve\n".utf8).write(to: stage.path("lock"))
        let lock = try stage.folder.lock(as: "tidegate state repair")
        #expect(
            String(decoding: try stage.contents("lock"), as: UTF8.self).hasSuffix(", tidegate state repair\n")
        )
        withExtendedLifetime(lock) {}
    }
}
