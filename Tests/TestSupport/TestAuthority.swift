/// A certificate authority of the tests' own, made with the command `openssl`.
import Foundation

/// Any thread; a test may make as many certificates as it wants.
package final class TestAuthority: Sendable {
    package enum KeyKind: Sendable {
        case ecdsa
        case rsa
    }

    /// PEM files of a certificate and its key.
    package struct Pair: Sendable {
        package let certificate: String
        package let key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// One for all tests of a process.
    package static let shared = made()

    private let folder: URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-ca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=Tidegate tests", "-keyout", path("ca.key"),
            "-out", file, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-addext",
            "basicConstraints=critical,CA:TRUE")
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            // A folder left in the temporary directory harms nobody.
        }
    }

    private static func made() -> TestAuthority {
        do {
            return try TestAuthority()
        } catch {
            fatalError("no certificate authority can be made: \(error)")
        }
    }

    /// The authority's own certificate.
    package var file: String { path("ca.pem") }

    /// A new certificate for those names: `DNS:localhost`, `IP:127.0.0.1`. One of 0 days has ended when it is made.
    package func issue(
        for names: [String] = ["DNS:localhost", "IP:127.0.0.1"], _ kind: KeyKind = .ecdsa, days: Int = 20,
        subject: String = "/CN=tidegate"
    ) throws -> Pair {
        let name = UUID().uuidString
        let (certificate, key, request) = (path("\(name).pem"), path("\(name).key"), path("\(name).csr"))
        let keyWords =
            switch kind {
            case .ecdsa: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            case .rsa: ["-newkey", "rsa:2048"]
            }
        try openssl(
            ["req", "-nodes", "-utf8", "-subj", subject, "-keyout", key, "-out", request] + keyWords)
        let extensions = path("\(name).ext")
        try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8).write(
            to: URL(fileURLWithPath: extensions))
        try openssl(
            "x509", "-req", "-in", request, "-CA", file, "-CAkey", path("ca.key"), "-set_serial",
            "0x\(name.filter(\.isHexDigit))", "-days", "\(days)", "-extfile", extensions, "-out", certificate)
        return Pair(certificate: certificate, key: key)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func openssl(_ words: String...) throws { try openssl(words) }

    private func openssl(_ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "openssl \(words): \(String(decoding: text, as: UTF8.self))")
        }
    }
}
