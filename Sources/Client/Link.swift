/// One connection to a gateway, on a thread that waits for it: sends bytes from `output`, reads bytes into `input`.
internal import Primitives
internal import Transport

struct Link: ~Copyable {
    enum Arrival {
        case bytes
        /// The peer will send nothing more.
        case ended
        case timedOut
        case stopped
    }

    /// Bytes to ask of the kernel at once: four times what a busy gateway sends in one write.
    private static let readByteCount = 64 << 10

    private let stream: ByteStream
    var input = ByteBuffer()
    var output = ByteBuffer()
    /// The peer takes nothing more, but what it sent before may still be read.
    private var isDeaf = false

    /// Connects to the first of the gateway's addresses that answers.
    init(to url: GatewayURL, within timeout: Duration, unless stop: Wakeup?) throws(ClientFailure) {
        let socket = try Self.connect(to: Self.addresses(of: url), of: url, within: timeout, unless: stop)
        guard url.isSecure else {
            stream = socket
            return
        }
        do throws(SecureConnectFailure) {
            stream = try TLSStream.connect(
                over: socket, to: url.host, trusting: url.trust, as: url.identity, until: .now() + timeout,
                unless: stop)
        } catch {
            throw ClientFailure(error, at: url)
        }
    }

    private static func addresses(of url: GatewayURL) throws(ClientFailure) -> [SocketAddress] {
        if let path = url.socketPath {
            guard let address = SocketAddress(path: path) else {
                throw .unreachable(url: url.description, reason: "its path is empty or too long")
            }
            return [address]
        }
        do throws(ResolveFailure) {
            return try SocketAddress.resolve(host: url.host, port: url.port)
        } catch {
            throw .unreachable(url: url.description, reason: error.reason)
        }
    }

    private static func connect(
        to addresses: [SocketAddress], of url: GatewayURL, within timeout: Duration, unless stop: Wakeup?
    ) throws(ClientFailure) -> ByteStream {
        var reason = "the name has no address"
        for address in addresses {
            do throws(SystemFailure) {
                return try ByteStream.connect(to: address, within: timeout, unless: stop)
            } catch {
                if error.isCancellation { throw .stopped }
                reason = error.reason
            }
        }
        throw .unreachable(url: url.description, reason: reason)
    }

    var number: Int32 { stream.number }

    /// Lets `wire` write the request that begins its subscription; the next `receive` sends it.
    mutating func send(requestOf wire: any SubscriptionWire, after cursor: [UInt8]?) {
        wire.request(after: cursor, into: &output)
    }

    /// Writes the pending output, then waits until something was read.
    mutating func receive(until deadline: Instant, unless stop: Wakeup?) throws(ClientFailure) -> Arrival {
        while true {
            writePending()
            if let arrival = try readAvailable() { return arrival }
            let now = Instant.now()
            guard now < deadline else { return .timedOut }
            if !wait(output.isEmpty || isDeaf ? .read : [.read, .write], deadline.since(now), stop) {
                return .stopped
            }
        }
    }

    /// Writes all pending output. Returns early, with the rest unsent, as soon as the peer has something to say.
    mutating func send(until deadline: Instant, unless stop: Wakeup?) throws(ClientFailure) -> Arrival? {
        while true {
            if let arrival = try readAvailable() { return arrival }
            writePending()
            if isDeaf { return try receive(until: deadline, unless: stop) }
            if output.isEmpty { return nil }
            let now = Instant.now()
            guard now < deadline else { return .timedOut }
            if !wait([.read, .write], deadline.since(now), stop) { return .stopped }
        }
    }

    /// Writes as much as the kernel takes at once. The next read reports a failure: the peer may have said why before
    /// it closed.
    mutating func writePending() {
        while !output.isEmpty, !isDeaf {
            switch stream.write(output.unsafeBytes) {
            case .bytes(let count): output.consume(count)
            case .blocked: return
            case .failed: isDeaf = true
            }
        }
    }

    /// Reads what is there; nil if nothing is.
    mutating func readAvailable() throws(ClientFailure) -> Arrival? {
        var outcome = ByteStream.ReadOutcome.blocked(until: .read)
        _ = input.appendUnsafe(upTo: Self.readByteCount) { space in
            outcome = stream.read(into: space)
            if case .bytes(let count, _) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes: return .bytes
        case .blocked: return nil
        case .ended: return .ended
        case .failed(let failure): throw .lost(reason: failure.reason)
        }
    }

    /// Returns false if somebody asked for the end.
    private func wait(_ interest: Poller.Interest, _ timeout: Duration, _ stop: Wakeup?) -> Bool {
        var wishes = [Readiness.Wish(stream.number, interest)]
        if let stop { wishes.append(.init(stop.descriptor, .read)) }
        let ready = Readiness.wait(for: wishes, timeout: timeout)
        return stop == nil || !ready[1]
    }
}
