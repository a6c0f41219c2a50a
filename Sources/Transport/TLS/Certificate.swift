/// A certificate of the server's with its key, read once and checked: what each loop's context is made of.
internal import COpenSSL
internal import Glibc
package import Primitives

/// Immutable.
package struct Certificate: Sendable {
    package let files: TLSSettings.CertificateFiles
    /// When it ends.
    package let end: UnixTime
    let chain: [UInt8]
    let key: [UInt8]
    let ocspResponse: [UInt8]

    /// Refuses what no client could use at `time`.
    package init(reading files: TLSSettings.CertificateFiles, at time: UnixTime) throws(CertificateFailure) {
        self.files = files
        chain = try SmallFile.read(files.certificate)
        key = try SmallFile.read(files.key)
        if let ocsp = files.ocsp { ocspResponse = try SmallFile.read(ocsp) } else { ocspResponse = [] }
        let own = try PEMReader(chain, of: files.certificate).certificate(in: nil)
        defer { X509_free(own) }
        end = try Self.end(of: own, files)
        guard end > time else { throw CertificateFailure(files.certificate, "it has expired") }
        guard let begin = Self.moment(X509_get0_notBefore(own)), begin <= time else {
            throw CertificateFailure(files.certificate, "it is not valid yet; look at the clock")
        }
        let secret = try PEMReader(key, of: files.key).key(in: nil)
        defer { EVP_PKEY_free(secret) }
        guard X509_check_private_key(own, secret) == 1 else {
            ERR_clear_error()
            throw CertificateFailure(
                files.key, "it is not the key of the certificate in \(files.certificate)")
        }
    }

    private static func end(
        of certificate: OpaquePointer, _ files: TLSSettings.CertificateFiles
    ) throws(CertificateFailure) -> UnixTime {
        guard let end = moment(X509_get0_notAfter(certificate)) else {
            throw CertificateFailure(files.certificate, "it does not say until when it is valid")
        }
        return end
    }

    static func moment(_ time: UnsafePointer<ASN1_TIME>?) -> UnixTime? {
        var fields = tm()
        guard let time, ASN1_TIME_to_tm(time, &fields) == 1 else { return nil }
        return UnixTime(milliseconds: UInt64(max(timegm(&fields), 0)) * 1000)
    }
}

/// A file that TLS cannot be spoken with.
package struct CertificateFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    package let reason: String

    init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    /// With OpenSSL's words for what happened last.
    init(queuedFor file: String) {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        let text = ERR_reason_error_string(code).map { String(cString: $0) }
        self.init(file, text ?? "OpenSSL refuses it")
    }

    package var description: String { "\(file): \(reason)" }
}

/// Reads what stands in a PEM file (RFC 7468), one after the other.
struct PEMReader: ~Copyable {
    private let bytes: [UInt8]
    private let source: OpaquePointer
    private let file: String

    init(_ bytes: [UInt8], of file: String) throws(CertificateFailure) {
        self.file = file
        self.bytes = bytes
        // OpenSSL copies nothing of it; so it gets a buffer of its own.
        guard let source = BIO_new(BIO_s_mem()),
            bytes.isEmpty || BIO_write(source, bytes, Int32(bytes.count)) == Int32(bytes.count)
        else { throw CertificateFailure(file, "there is no memory to read it") }
        self.source = source
    }

    deinit {
        BIO_free(source)
    }

    /// The next certificate, which is the caller's to free.
    func certificate(in library: OpaquePointer?) throws(CertificateFailure) -> OpaquePointer {
        guard let certificate = try nextCertificate(in: library) else {
            throw CertificateFailure(file, "it holds no certificate in PEM")
        }
        return certificate
    }

    /// The same; nil behind the last.
    func nextCertificate(in library: OpaquePointer?) throws(CertificateFailure) -> OpaquePointer? {
        var certificate = X509_new_ex(library, nil)
        // Without a prompt: who starts a gateway may have no terminal.
        if PEM_read_bio_X509(source, &certificate, noPassphrase, nil) != nil { return certificate }
        X509_free(certificate)
        let reason = ERR_GET_REASON(ERR_peek_last_error())
        guard reason == PEM_R_NO_START_LINE else { throw CertificateFailure(queuedFor: file) }
        ERR_clear_error()
        return nil
    }

    /// The key, which is the caller's to free.
    func key(in library: OpaquePointer?) throws(CertificateFailure) -> OpaquePointer {
        if let key = PEM_read_bio_PrivateKey_ex(source, nil, noPassphrase, nil, library, nil) { return key }
        ERR_clear_error()
        throw CertificateFailure(
            file,
            bytes.span.contains("ENCRYPTED")
                ? "its key is encrypted; a key without a passphrase is wanted"
                : "it holds no private key in PEM")
    }
}

/// OpenSSL asks for a passphrase on the terminal unless it is told that there is none.
func noPassphrase(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

extension Span<UInt8> {
    fileprivate func contains(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        return (0..<max(self.count - count + 1, 0)).contains { extracting($0..<($0 + count)).equals(text) }
    }
}

/// A file that is read whole.
enum SmallFile {
    /// A chain of a few certificates has some ten kilobytes.
    private static let limit = 1 << 20

    static func read(_ path: String) throws(CertificateFailure) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw CertificateFailure(path, "it cannot be read: \(SystemFailure("open").reason)")
        }
        let descriptor = FileDescriptor(owning: number)
        var content = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < content.count {
            let got = content.withUnsafeMutableBytes { space in
                uninterrupted {
                    Glibc.read(descriptor.number, space.baseAddress! + count, space.count - count)
                }
            }
            guard got >= 0 else {
                throw CertificateFailure(path, "it cannot be read: \(SystemFailure("read").reason)")
            }
            if got == 0 { return Array(content[..<count]) }
            count += got
        }
        throw CertificateFailure(path, "it is too large")
    }
}
