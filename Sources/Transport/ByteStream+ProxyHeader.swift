/// Reading a proxy's header from the socket itself, below whatever is layered on it.
internal import Glibc
internal import Primitives

extension ByteStream {
    package enum HeaderOutcome: Equatable {
        case header(ProxyHeader)
        /// The rest has yet to come.
        case incomplete
        /// What came is no header, or the peer ended without one.
        case malformed
        case failed(SystemFailure)
    }

    /// Reads a header and not a byte beyond, for that is the protocol's. `begun` is what came of it before, and keeps what came.
    package func readProxyHeader(_ begun: inout [UInt8]) -> HeaderOutcome {
        let limit = 16 + ProxyHeader.binaryLimit
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { space in
            let room = UnsafeMutableBufferPointer(rebasing: space[..<(limit - begun.count)])
            let peeked = uninterrupted { recv(number, room.baseAddress, room.count, Int32(MSG_PEEK)) }
            guard peeked > 0 else {
                if peeked == 0 { return .malformed }
                return errno == EAGAIN ? .incomplete : .failed(SystemFailure("recv"))
            }
            let whole = begun + UnsafeMutableBufferPointer(rebasing: room[..<peeked])
            do {
                let header = try ProxyHeader.parse(whole.span)
                let wanted = header.map { $0.byteCount - begun.count } ?? peeked
                // It is there, and nobody else reads.
                _ = uninterrupted { recv(number, room.baseAddress, wanted, 0) }
                begun = whole
                return header.map { .header($0) } ?? .incomplete
            } catch {
                return .malformed
            }
        }
    }
}
