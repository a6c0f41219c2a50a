import COpenSSL
import Glibc
import Primitives
import TestSupport
import Testing

@testable import Transport

@Suite struct TLSStreamTests {
    private static let context = Result { try TLSContext.forTests() }

    private func pair(_ change: (OpaquePointer) -> Void = { _ in }) throws -> SecurePair {
        try SecurePair(Self.context.get(), change)
    }

    private func read(_ stream: TLSStream, upTo byteCount: Int = 65_536) -> (ByteStream.ReadOutcome, [UInt8])
    {
        var space = [UInt8](repeating: 0, count: byteCount)
        let outcome = space.withUnsafeMutableBufferPointer { stream.read(into: $0) }
        guard case .bytes(let count, _) = outcome else { return (outcome, []) }
        return (outcome, Array(space[..<count]))
    }

    private func write(_ bytes: [UInt8], to stream: TLSStream) -> ByteStream.WriteOutcome {
        bytes.withUnsafeBufferPointer { stream.write($0) }
    }

    // MARK: Bytes

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func bytesGoBothWays(version: Int32) throws {
        let pair = try pair { _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil) }
        #expect(pair.shake() == .done)
        #expect(pair.server.version == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"))
        #expect(pair.client.write("hello"))
        pair.carryToServer()
        #expect(read(pair.server).1 == Array("hello".utf8))
        #expect(read(pair.server).0 == .blocked(until: .read))
        #expect(write(Array("hi".utf8), to: pair.server) == .bytes(2))
        #expect(pair.clientReads() == Array("hi".utf8))
    }

    @Test func itWorksWhereverTheBytesAreCut() throws {
        let pair = try pair()
        #expect(pair.shake(1) == .done)
        #expect(pair.client.write("one after the other"))
        var got: [UInt8] = []
        while pair.carryToServer(1) > 0 { got += read(pair.server).1 }
        #expect(got == Array("one after the other".utf8))
    }

    /// A record of which the kernel took a part must come again from wherever its bytes are by then.
    @Test func whatTheKernelDoesNotTakeIsSentLater() throws {
        let pair = try pair()
        #expect(pair.shake() == .done)
        let sent = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
        var rest = sent[...]
        var got: [UInt8] = []
        var refusals = 0
        while !rest.isEmpty {
            switch write(Array(rest), to: pair.server) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .blocked(let interest):
                #expect(interest == .write)
                refusals += 1
                got += pair.clientReads()
            case .failed(let failure): throw failure
            }
        }
        got += pair.clientReads()
        #expect(got == sent && refusals > 0)
    }

    @Test func whatTheStreamHoldsIsTold() throws {
        let pair = try pair()
        pair.shake()
        #expect(pair.client.write("hello"))
        pair.carryToServer()
        #expect(read(pair.server, upTo: 2).0 == .bytes(2, holdsMore: true))
        #expect(read(pair.server, upTo: 3).0 == .bytes(3, holdsMore: false))
    }

    /// Each costs a derivation of keys; a peer that sends nothing else must not hold the loop.
    @Test func aReadEndsBehindARenewalOfKeys() throws {
        let pair = try pair()
        pair.shake()
        for _ in 0..<20 {
            #expect(SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
            #expect(SSL_do_handshake(pair.client.ssl) == 1)
        }
        #expect(pair.client.write("data"))
        pair.carryToServer()
        var reads = 0
        while read(pair.server).0 == .blocked(until: .read), reads < 100 { reads += 1 }
        #expect(reads == 20)
    }

    @Test func renegotiationIsRefused() throws {
        let pair = try pair { _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil) }
        pair.shake()
        #expect(SSL_renegotiate(pair.client.ssl) == 1)
        _ = pair.client.shake()
        pair.carryToServer()
        #expect(read(pair.server).0 == .blocked(until: .read))
        pair.carryToClient()
        #expect(!pair.client.shake())
        #expect(ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION)
    }

    // MARK: The end

    @Test func whoSaysGoodbyeStillHears() throws {
        let pair = try pair()
        pair.shake()
        #expect(pair.client.write("last words"))
        SSL_shutdown(pair.client.ssl)
        pair.carryToServer()
        // Of the end no poller tells as long as the socket is open.
        #expect(read(pair.server).0 == .bytes(10, holdsMore: true))
        #expect(read(pair.server).0 == .ended)
        #expect(write(Array("farewell".utf8), to: pair.server) == .bytes(8))
        pair.server.endWriting()
        #expect(pair.clientReads() == Array("farewell".utf8))
        #expect(SSL_get_shutdown(pair.client.ssl) & SSL_RECEIVED_SHUTDOWN != 0)
    }

    @Test func whoJustGoesHasEnded() throws {
        let pair = try pair()
        pair.shake()
        pair.hangUp()
        #expect(read(pair.server).0 == .ended)
    }

    @Test func aForgedRecordIsAFailure() throws {
        let pair = try pair()
        pair.shake()
        #expect(pair.client.write("hello"))
        pair.carryToServer { $0[$0.count - 1] ^= 1 }
        #expect(read(pair.server).0 == .failed(SystemFailure("SSL_read", EPROTO)))
        #expect(read(pair.server).0 == .failed(SystemFailure("SSL_read", EPROTO)))
        #expect(write([1], to: pair.server) == .failed(SystemFailure("SSL_write", EPROTO)))
    }

    // MARK: Handshakes that fail

    /// The bytes with which a client begins.
    private func clientHello() throws -> [UInt8] {
        var hello: [UInt8] = []
        let pair = try pair()
        _ = pair.client.shake()
        pair.carryToServer { hello = $0 }
        return hello
    }

    private func failure(_ outcome: ByteStream.HandshakeOutcome) -> HandshakeFailure? {
        if case .failed(let failure) = outcome { failure } else { nil }
    }

    @Test func aHelloThatIsCutAnywhereIsAwaitedAndThenGivenUp() throws {
        let hello = try clientHello()
        for count in stride(from: 0, to: hello.count, by: 7) {
            let pair = try pair()
            pair.sendToServer(Array(hello[..<count]))
            #expect(pair.server.handshake() == .blocked(until: .read), "\(count) bytes")
            pair.hangUp()
            #expect(failure(pair.server.handshake())?.reason == .closed, "\(count) bytes")
        }
    }

    @Test func aHelloWithAnyByteChangedDoesNoHarm() throws {
        let hello = try clientHello()
        for place in hello.indices {
            let pair = try pair()
            var changed = hello
            changed[place] ^= 0xFF
            pair.sendToServer(changed)
            switch pair.server.handshake() {
            // What is behind the change may be of no consequence.
            case .blocked: continue
            case .failed(let failure): #expect(failure.reason != .closed)
            case .done: Issue.record("a handshake is done after its first message, changed at byte \(place)")
            }
        }
    }

    @Test func whoSpeaksPlainHTTPCanBeTold() throws {
        let pair = try pair()
        pair.sendToServer(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(failure(pair.server.handshake())?.reason == .plain)
        #expect(write(Array("400".utf8), to: pair.server) == .bytes(3))
        #expect(pair.sentByServer() == Array("400".utf8))
    }

    @Test func noiseIsMalformed() throws {
        let pair = try pair()
        pair.sendToServer(Array("\u{16}\u{3}\u{1}\u{0}\u{5}noise".utf8))
        #expect(failure(pair.server.handshake())?.reason == .malformed)
    }

    @Test func oldVersionsAreRefused() throws {
        let pair = try pair {
            SSL_set_security_level($0, 0)
            _ = SSL_set_cipher_list($0, "ALL:@SECLEVEL=0")
            _ = SSL_ctrl($0, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_VERSION), nil)
            _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_1_VERSION), nil)
        }
        #expect(failure(pair.shake())?.reason == .version)
    }

    @Test func suitesWithoutForwardSecrecyAreRefused() throws {
        let pair = try pair {
            _ = SSL_set_cipher_list($0, "AES128-SHA256:ECDHE-ECDSA-AES128-SHA")
            _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        }
        #expect(failure(pair.shake())?.reason == .cipher)
    }

    /// Protocols as ALPN lists them, and what comes of it.
    @Test func protocolsAreChosenOrRefused() throws {
        let both = try pair { SSL_set_alpn_protos($0, "\u{2}h2\u{8}http/1.1", 12) }
        #expect(both.shake() == .done)
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(both.client.ssl, &name, &count)
        #expect(Array(UnsafeBufferPointer(start: name, count: Int(count))) == Array("http/1.1".utf8))

        let other = try pair { SSL_set_alpn_protos($0, "\u{2}h2", 3) }
        #expect(failure(other.shake())?.reason == .application)
        other.carryToClient()
        #expect(!other.client.shake())
        // Alerts are numbered from 1000 on; no_application_protocol is 120 (RFC 7301 §3.2).
        #expect(ERR_GET_REASON(ERR_peek_error()) == 1120)
    }

    @Test(arguments: [(ApplicationOffer.http, "http/1.1"), (.nothing, "")])
    func ourClientOffersWhatItSpeaks(offer: ApplicationOffer, name: String) throws {
        let (near, far) = try SecurePair.sockets()
        let socket = ByteStream(FileDescriptor(owning: near))
        let client = try TLSStream.client(over: socket, to: "localhost", trusting: .anyone, offering: offer)
        let accepted = try Self.context.get().accept(ByteStream(FileDescriptor(owning: far)))
        let server = try #require(accepted)
        var outcomes = (client.handshake(), server.handshake())
        for _ in 0..<10 where outcomes != (.done, .done) {
            outcomes = (client.handshake(), server.handshake())
        }
        #expect(outcomes == (.done, .done))
        var chosen: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(server.ssl, &chosen, &count)
        #expect(
            String(decoding: UnsafeBufferPointer(start: chosen, count: Int(count)), as: UTF8.self) == name)
    }

    // MARK: Sessions

    /// What a client keeps of a connection to a server with those keys.
    private func session(_ keys: TicketKeys, _ version: Int32) throws -> OpaquePointer? {
        let pair = try SecurePair(TLSContext.forTests(keys: keys)) {
            _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        }
        #expect(pair.shake() == .done && !pair.server.isResumed)
        _ = pair.clientReads()
        return pair.client.session
    }

    /// The ticket of one loop is good at all others, and as long as its key is the present or the former one.
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func ticketsAreGoodAtOtherLoops(version: Int32) throws
    {
        let keys = TicketKeys()
        let session = try session(keys, version)
        defer { SSL_SESSION_free(session) }
        let later = [keys, keys.successor(), keys.successor().successor()]
        for (keys, isResumed) in zip(later, [true, true, false]) {
            let pair = try SecurePair(TLSContext.forTests(keys: keys)) {
                _ = SSL_ctrl($0, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
                SSL_set_session($0, session)
            }
            #expect(pair.shake() == .done)
            #expect(pair.server.isResumed == isResumed && pair.client.isResumed == isResumed)
        }
    }

    // MARK: Names

    @Test(arguments: [
        ("a.example", "a.example"), ("A.EXAMPLE", "a.example"), ("x.b.example", "x.b.example"),
        ("x.y.b.example", "default.example"), ("b.example", "default.example"), ("", "default.example"),
    ]) func theHostDecidesWhichCertificateIsShown(host: String, shown: String) throws {
        let context = try TLSContext.forTests(["DNS:default.example", "DNS:a.example", "DNS:*.b.example"])
        let pair = try SecurePair(context) { if !host.isEmpty { _ = tls_name_host($0, host) } }
        #expect(pair.shake() == .done)
        #expect(pair.client.sees(certificateFor: shown))
    }
}
