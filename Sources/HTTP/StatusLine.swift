import Primitives

/// The first line of a response: version, status, and a phrase that nobody reads.
struct StatusLine: Sendable {
    let version: HTTPVersion
    let status: Int

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) {
        let line = bytes.extracting(range)
        guard line.count >= 12, line[8] == ASCII.space, line.count == 12 || line[12] == ASCII.space,
            let status = line.extracting(9..<12).decimal, status >= 100,
            case .known(let version) = HTTPVersion.read(line.extracting(0..<8))
        else { throw .badResponse("the server's answer is not HTTP/1.1; check the address and the port") }
        self.version = version
        self.status = Int(status)
    }
}
