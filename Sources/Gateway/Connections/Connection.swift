/// One accepted connection: its stream, what it speaks, and what is known of its peer.
internal import Access
internal import Broker
internal import Primitives
internal import Transport

/// Owned by its loop's thread. A front end reads what is known of the peer and says when the connection is to end; the
/// stream and what waits for it are the loop's.
final class Connection {
    enum Phase: UInt8 {
        /// The stream's handshake, if it has one, is under way.
        case opening
        case serving
        /// All is sent and the peer was told so. It is given time to read it: closing at once, with bytes of the peer's
        /// unread, would make the kernel reset the connection and destroy the answer (RFC 9112 §9.6).
        case lingering
        case closed
    }

    /// What is true of it at present.
    struct Facts: OptionSet {
        let rawValue: UInt8
        /// The peer will send nothing more.
        static let inputEnded = Facts(rawValue: 1)
        /// The stream holds input of which the poller will not tell.
        static let holdsInput = Facts(rawValue: 2)
        /// It stands in the loop's list of connections with work left.
        static let isInAgain = Facts(rawValue: 4)
        /// Nothing is drained for it: its socket is full, or it has not read what it was sent.
        static let isStopped = Facts(rawValue: 8)
        /// The log was told that this reader takes nothing.
        static let isStallTold = Facts(rawValue: 16)
        /// The reader was sent as much as it may be before it has answered for it.
        static let isFull = Facts(rawValue: 32)
        /// The poller tells nothing of it, until it is seen to that its peer is gone.
        static let isUnwatched = Facts(rawValue: 64)
        /// It is told how a drain goes, and stays until all others are gone.
        static let watchesDrain = Facts(rawValue: 128)
    }

    // An idle connection is these 120 bytes and its front end's (`Benchmarks/idle-memory`).

    let stream: ByteStream
    var phase: Phase
    /// What the poller waits for on its behalf.
    var interest: Poller.Interest = .read
    /// What reading, and writing, waited for when it was last tried: a layered stream may have to write to read on.
    var readInterest: Poller.Interest = .read
    var writeInterest: Poller.Interest = .write
    /// Close as soon as everything is sent.
    private(set) var endReason: EndReason?
    var facts: Facts = []
    /// Which of the loop's listeners it came by. Here, because a byte is free here.
    let listener: UInt8

    /// Its number among the loop's connections, with the generation: the key of its first stream.
    let key: ReaderKey
    var frontEnd: any FrontEnd
    /// For whom it acts: of HTTP, since the request at hand began.
    var principal: Principal
    /// Made when it holds something, let go when it holds nothing.
    private var holdings: Holdings?
    let accepted: Instant
    /// When the peer was last heard, and when it was last told something or last took something.
    var lastReceived: Instant
    var lastSent: Instant

    init(
        key: ReaderKey, stream: consuming ByteStream, frontEnd: any FrontEnd, principal: Principal,
        listener: Int = 0, now: Instant
    ) {
        self.key = key
        self.stream = stream
        self.frontEnd = frontEnd
        self.principal = principal
        self.listener = UInt8(listener)
        phase = .opening
        accepted = now
        lastReceived = now
        lastSent = now
    }

    var token: UInt32 { key.connection }
    var isSecure: Bool { stream.layered is TLSStream }
    var isOpen: Bool { phase != .closed }

    /// Bytes that the kernel did not take. While there are any, nothing is drained for this peer.
    var unsentByteCount: Int { holdings?.unsent.count ?? 0 }
    var hasUnsent: Bool { unsentByteCount > 0 }

    /// Bytes that came and could not be used yet: the beginning of something.
    var unreadByteCount: Int { holdings?.unread.count ?? 0 }
    var hasUnread: Bool { unreadByteCount > 0 }

    /// Whether there is input of which the poller will not tell: what could not be used yet, or what the stream holds.
    var hasInput: Bool { hasUnread || facts.contains(.holdsInput) }

    /// From where it comes: the address at the other end, or that of the client for whom the proxy there speaks.
    var peer: String { client?.peer ?? ownPeer }

    /// The bytes of that address; nil where there is none.
    var address: [UInt8]? { client.map(\.address) ?? ownAddress }

    /// The address at the other end, or the one that the connection's first bytes named where a proxy says so; and its bytes.
    var ownPeer: String { origin?.peer ?? stream.peer }
    var ownAddress: [UInt8]? { origin.map(\.address) ?? AddressRange.bytes(ofPeer: stream.peer) }

    /// The pace that is granted to its reader, who asked for one.
    func granted(_ rate: Double?, _ settings: SubscriberSettings) -> Double? {
        let granted = settings.granted(rate)
        guard let limit = principal.rights.maximumRate else { return granted }
        return min(granted ?? limit, limit)
    }

    // What its front end says of it. One that lingers has no reader any more.

    var transport: StaticString { phase == .serving ? frontEnd.transport : "http" }
    var reader: Reader? { phase == .serving ? frontEnd.reader : nil }
    var maximumRate: Double? { phase == .serving ? frontEnd.maximumRate : nil }
    var stalledSince: Instant? { phase == .serving ? frontEnd.stalledSince : nil }

    /// Closes when everything is sent. The first reason stands.
    func endAfterSending(_ reason: EndReason) {
        if endReason == nil { endReason = reason }
    }
}

/// What a connection holds beyond what every connection does: bytes that wait for their turn, the account of them and of what
/// its front end holds, the client behind a proxy, and places.
private final class Holdings {
    var places = TakenPlaces()
    var proxyHeader: [UInt8]?
    var origin: ForwardedNode?
    var client: ForwardedNode?
    var surplus: Surplus?
    var certificate: ClientCertificate?
    var unsent = ByteBuffer()
    var unread = ByteBuffer()
    var counted = HeldBytes()

    var isEmpty: Bool {
        unsent.isEmpty && unread.isEmpty && counted == HeldBytes() && places.isEmpty
            && client == nil && origin == nil && proxyHeader == nil && surplus == nil && certificate == nil
    }
}

extension Connection {
    /// What has come of the header with which a proxy begins the connection; nil where none is awaited.
    var proxyHeader: [UInt8]? {
        get { holdings?.proxyHeader }
        set { hold(newValue, at: \.proxyHeader) }
    }

    /// From where the whole connection comes, as that header said.
    var origin: ForwardedNode? {
        get { holdings?.origin }
        set { hold(newValue, at: \.origin) }
    }

    /// For whom a proxy speaks in the fields of the request at hand; nil where none does.
    var client: ForwardedNode? {
        get { holdings?.client }
        set { hold(newValue, at: \.client) }
    }

    /// Why it can't stay; nil where it may.
    var surplus: Surplus? {
        get { holdings?.surplus }
        set { hold(newValue, at: \.surplus) }
    }

    /// The certificate that the peer has shown, verified; nil where it was asked for none, or had none.
    var certificate: ClientCertificate? {
        get { holdings?.certificate }
        set { hold(newValue, at: \.certificate) }
    }

    var places: TakenPlaces {
        get { holdings?.places ?? TakenPlaces() }
        set {
            guard !newValue.isEmpty || holdings != nil else { return }
            madeHoldings.places = newValue
            letGo()
        }
    }

    private func hold<Value>(_ value: Value?, at place: ReferenceWritableKeyPath<Holdings, Value?>) {
        guard value != nil || holdings != nil else { return }
        madeHoldings[keyPath: place] = value
        letGo()
    }

    func keepUnsent(_ bytes: UnsafeBufferPointer<UInt8>) {
        madeHoldings.unsent.append(bytes)
    }

    /// Hands `body` what is unsent; it returns how many bytes of it were taken.
    func consumeUnsent(_ body: (UnsafeBufferPointer<UInt8>) -> Int) {
        guard let holdings else { return }
        holdings.unsent.consume(body(holdings.unsent.unsafeBytes))
        if holdings.unsent.isEmpty { holdings.unsent = ByteBuffer() }
        letGo()
    }

    func keepUnread(_ bytes: UnsafeBufferPointer<UInt8>) {
        madeHoldings.unread.append(bytes)
    }

    /// Moves what is unread to the beginning of `space`.
    func takeUnread(into space: UnsafeMutableBufferPointer<UInt8>) {
        guard let holdings else { return }
        _ = space.update(from: holdings.unread.unsafeBytes)
        dropUnread()
    }

    func dropUnread() {
        guard let holdings else { return }
        holdings.unread = ByteBuffer()
        letGo()
    }

    /// Whether it holds anything.
    var hasHoldings: Bool { holdings != nil }

    /// Brings the account of what it holds up to date; returns what stood in it before, and what does now.
    func countHeld() -> (before: HeldBytes, now: HeldBytes) {
        let before = holdings?.counted ?? HeldBytes()
        let now = held
        if now != before { madeHoldings.counted = now }
        letGo()
        return (before, now)
    }

    /// What it holds at present.
    var held: HeldBytes {
        guard isOpen else { return HeldBytes() }
        return HeldBytes(
            requests: (holdings?.unread.capacity ?? 0) + frontEnd.heldByteCount,
            answers: holdings?.unsent.capacity ?? 0)
    }

    private var madeHoldings: Holdings {
        if let holdings { return holdings }
        let made = Holdings()
        holdings = made
        return made
    }

    private func letGo() {
        if let holdings, holdings.isEmpty { self.holdings = nil }
    }
}
