/// One connection of a hostile client. Bytes go out as the gateway takes them; what comes is counted and forgotten.
import Glibc

final class Stranger {
    /// What has come, on one connection or on all of them.
    struct Tally {
        var byteCount = 0
        /// Complete answers to requests, and messages of a WebSocket that answer one.
        var answers = 0
        /// Answers and messages that refuse.
        var refusals = 0
        /// How often a subscription was said to be live.
        var lives = 0
    }

    private enum Speech {
        case http(AnswerWalker)
        case frames(FrameWalker)
        case events
    }

    let socket: Int32
    /// Its number among the strangers.
    let token: UInt32
    /// What it says first.
    let opening: [UInt8]
    private(set) var isOpen = true
    private(set) var tally = Tally()
    /// The last answer to a request.
    private(set) var lastAnswer: AnswerWalker.Answer?
    /// Reads nothing of what comes.
    var isDeaf = false

    private var speech = Speech.http(AnswerWalker())
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// The end of the last piece of an event stream: what is looked for may be cut.
    private var carry: [UInt8] = []

    init(socket: Int32, token: UInt32, opening: [UInt8]) {
        self.socket = socket
        self.token = token
        self.opening = opening
    }

    var isLive: Bool { tally.lives > 0 }
    /// Nothing more is to be expected of what it has asked for.
    var isRefused: Bool { !isOpen || tally.refusals > 0 }
    var hasUnsent: Bool { unsentStart < unsent.count }
    var isWebSocket: Bool {
        if case .frames = speech { true } else { false }
    }

    // MARK: Out

    func send(_ bytes: [UInt8]) {
        guard isOpen else { return }
        unsent += bytes
        sendUnsent()
    }

    func send(message: String) { send(HTTPText.frame(FrameWalker.text, Array(message.utf8))) }

    func sendUnsent() {
        while hasUnsent {
            let count = unsent.withUnsafeBytes {
                Glibc.send(
                    socket, $0.baseAddress.unsafelyUnwrapped + unsentStart, $0.count - unsentStart,
                    Int32(MSG_NOSIGNAL))
            }
            // A broken connection shows when it is read.
            guard count > 0 else { return }
            unsentStart += count
        }
        unsent.removeAll(keepingCapacity: unsent.count <= 1 << 20)
        unsentStart = 0
    }

    /// Breaks the connection (RST) rather than ending it: no port has to wait for the peer's last words.
    func leave() {
        guard isOpen else { return }
        isOpen = false
        var patience = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &patience, socklen_t(MemoryLayout<linger>.size))
        close(socket)
    }

    // MARK: In

    /// Takes one byte, unseen, of what waits for a stranger that is deaf.
    func readByte() {
        var byte: UInt8 = 0
        if isOpen { _ = recv(socket, &byte, 1, 0) }
    }

    private static let ready = Array("\nevent: live".utf8)

    /// Counts what came, here and in `sum`.
    func take(_ bytes: UnsafeBufferPointer<UInt8>, sum: inout Tally) {
        let before = tally
        tally.byteCount += bytes.count
        var rest = bytes
        if case .http(var walker) = speech {
            let count = walker.walk(bytes) { take($0) }
            speech = .http(walker)
            rest = UnsafeBufferPointer(rebasing: bytes[count...])
            if let answer = lastAnswer, answer.isEndless {
                speech = answer.status == 101 ? .frames(FrameWalker()) : .events
            }
        }
        if case .frames(var walker) = speech {
            walker.walk(rest) { take(opcode: $0, $1) }
            speech = .frames(walker)
        } else if case .events = speech {
            takeEvents(rest)
        }
        sum.byteCount += tally.byteCount - before.byteCount
        sum.answers += tally.answers - before.answers
        sum.refusals += tally.refusals - before.refusals
        sum.lives += tally.lives - before.lives
    }

    private func take(_ answer: AnswerWalker.Answer) {
        lastAnswer = answer
        tally.answers += 1
        if answer.status >= 400 { tally.refusals += 1 }
    }

    private func take(opcode: UInt8, _ payload: [UInt8]) {
        if opcode == FrameWalker.ping { send(HTTPText.frame(FrameWalker.pong, payload)) }
        guard opcode == FrameWalker.text else { return }
        // {"type":"live",…
        switch payload.dropFirst(9).prefix(4) {
        case let type where type.elementsEqual("live".utf8): tally.lives += 1
        case let type where type.elementsEqual("erro".utf8): tally.refusals += 1
        case let type where type.elementsEqual("upda".utf8): break
        default: tally.answers += 1
        }
    }

    private func takeEvents(_ bytes: UnsafeBufferPointer<UInt8>) {
        let reach = Self.ready.count - 1
        let seam = carry + bytes.prefix(reach)
        if seam.firstIndex(of: Self.ready) != nil || Array(bytes).firstIndex(of: Self.ready) != nil {
            tally.lives += 1
        }
        carry = Array((carry + bytes.suffix(reach)).suffix(reach))
    }
}
