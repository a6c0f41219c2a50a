import Foundation
import Testing

@testable import Gateway

@Suite final class StaticFilesTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tidegate-\(UUID())")

    init() throws {
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("sub/.git"), withIntermediateDirectories: true)
    }

    deinit {
        // What stays among the temporary files harms nobody.
        try? FileManager.default.removeItem(at: folder)
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(path))
    }

    private func file(_ path: String) throws -> StaticFiles.File? {
        try StaticFiles(folder: folder.path).file(Array(path.utf8))
    }

    @Test(arguments: [
        ("a.html", "text/html; charset=utf-8"), ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.b.css", "text/css; charset=utf-8"), ("a.svg", "image/svg+xml"),
        ("a.bin", "application/octet-stream"),
        ("README", "application/octet-stream"),
    ]) func theNameTellsTheType(name: String, type: String) throws {
        try write("x", to: name)
        #expect("\(try #require(try file("/\(name)")).contentType)" == type)
    }

    @Test func aFolderIsItsIndex() throws {
        try write("top", to: "index.html")
        try write("below", to: "sub/index.html")
        #expect(try file("/")?.content == Array("top".utf8))
        #expect(try file("/sub/")?.content == Array("below".utf8))
        #expect(try file("/sub") == nil)
    }

    @Test func nothingHiddenAndNothingOutsideCanBeHad() throws {
        try write("x", to: ".env")
        try write("x", to: "sub/.git/config")
        try write("x", to: "seen.txt")
        #expect(try StaticFiles(folder: folder.path).count == 1)
        for path in [
            "/.env", "/sub/.git/config", "/../seen.txt", "/sub/../seen.txt", "seen.txt", "//seen.txt", "",
        ] {
            #expect(try file(path) == nil, "\(path)")
        }
    }

    @Test func theTagIsTheContents() throws {
        try write("one", to: "a.txt")
        try write("one", to: "b.txt")
        let before = try #require(try file("/a.txt")).entityTag
        #expect(before == (try file("/b.txt"))?.entityTag && before.count == 16)
        try write("two", to: "a.txt")
        #expect(before != (try file("/a.txt"))?.entityTag)
    }

    @Test func anEmptyFileIsAFile() throws {
        try write("", to: "empty.txt")
        #expect(try file("/empty.txt")?.content == [])
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        #expect(throws: StaticFiles.Failure.self) { try StaticFiles(folder: folder.path + "/none") }
    }
}
