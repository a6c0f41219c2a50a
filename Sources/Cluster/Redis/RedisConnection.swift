/// One connection to a Redis, for one thread that waits for it.
package import Primitives
package import RESP
internal import Transport

/// Owned by one thread. Whoever has the `Wakeup` that it was opened with may cut it from any other: every wait, this one and all
/// later ones, then fails with `stopped`.
///
/// Commands may be sent before the replies to earlier ones are received; replies come in the order of the commands. After a
/// failure that is thrown by `send` or `receive` the connection is of no use.
package final class RedisConnection {
    /// Bytes to ask of the kernel at once.
    private static let readByteCount = 64 << 10
    /// While commands are sent, no more than so many bytes of replies are held; then the server has to wait.
    private static let unreadByteLimit = 64 << 20

    package let address: RedisAddress
    /// Empty until the server has been asked.
    package internal(set) var identity = RedisIdentity(RedisInformation())
    /// Commands whose replies were not received yet.
    package private(set) var awaitedReplyCount = 0

    private let stream: ByteStream
    private let stop: Wakeup?
    private var input = ByteBuffer()
    private var output = ByteBuffer()
    private var parser: RESPParser
    /// What the stream last waited for. A secure one may have to write before it can read on, and the other way round.
    private var readInterest = Poller.Interest.read
    private var writeInterest = Poller.Interest.write
    /// The server takes nothing more, but what it said before may still be read.
    private var isDeaf = false
    private var failure: RedisFailure?

    init(_ stream: consuming ByteStream, to address: RedisAddress, limits: RESPLimits, unless stop: Wakeup?) {
        self.stream = stream
        self.address = address
        self.stop = stop
        parser = RESPParser(limits: limits)
    }

    /// The descriptor, for a thread that also waits for something else: `receiveIfThere` when it is readable.
    package var descriptor: Int32 { stream.number }

    // MARK: Commands and replies

    /// Sends one command and returns its reply. An error is thrown, and the connection goes on behind it.
    package func ask(_ words: RESPWord..., by deadline: Instant) throws(RedisFailure) -> RESPValue {
        try ask(words, by: deadline)
    }

    package func ask(_ words: [RESPWord], by deadline: Instant) throws(RedisFailure) -> RESPValue {
        try ask(all: [words], by: deadline)[0]
    }

    /// The same for several in one write. The first error is thrown, and what became of the others is not told.
    package func ask(all commands: [[RESPWord]], by deadline: Instant) throws(RedisFailure) -> [RESPValue] {
        let replies = try replies(to: commands, by: deadline)
        for case .error(let error) in replies { throw RedisFailure(error, at: address) }
        return replies
    }

    /// The same where an error is a reply like others.
    package func replies(to commands: [[RESPWord]], by deadline: Instant) throws(RedisFailure) -> [RESPValue]
    {
        try requireLife()
        precondition(awaitedReplyCount == 0, "a command is asked while the reply to another is awaited")
        try send(commands, by: deadline)
        var replies: [RESPValue] = []
        for _ in commands { replies.append(try receive(by: deadline)) }
        return replies
    }

    /// Sends commands in one write where the kernel takes it. What the server answers meanwhile is read, so that neither waits for
    /// the other.
    package func send(_ commands: [[RESPWord]], by deadline: Instant) throws(RedisFailure) {
        try send(commandCount: commands.count, by: deadline) { output in
            for command in commands { output.append(command: command) }
        }
    }

    /// The same for commands that `write` appends.
    package func send(
        commandCount: Int, by deadline: Instant, _ write: (inout ByteBuffer) -> Void
    ) throws(RedisFailure) {
        try requireLife()
        write(&output)
        awaitedReplyCount += commandCount
        while true {
            writePending()
            if output.isEmpty || isDeaf { return }
            while input.count < Self.unreadByteLimit, try readAvailable() {}
            try wait(by: deadline)
        }
    }

    /// The reply to the oldest command that has none yet; an error of the server's is a reply too.
    package func receive(by deadline: Instant) throws(RedisFailure) -> RESPValue {
        while true {
            if let reply = try receiveIfThere() { return reply }
            try wait(by: deadline)
        }
    }

    /// The same without waiting: nil where the reply has not come yet.
    package func receiveIfThere() throws(RedisFailure) -> RESPValue? {
        try requireLife()
        precondition(awaitedReplyCount > 0, "a reply is awaited that no command asked for")
        writePending()
        while true {
            if let reply = try parsed() {
                awaitedReplyCount -= 1
                return reply
            }
            guard try readAvailable() else { return nil }
        }
    }

    private func parsed() throws(RedisFailure) -> RESPValue? {
        do throws(RESPFailure) {
            return try parser.next(from: &input)
        } catch {
            throw end(.violation, error.description)
        }
    }

    // MARK: The stream

    /// Writes as much as the kernel takes. The next read reports a failure: the server may have said why before it closed.
    private func writePending() {
        while !output.isEmpty, !isDeaf {
            switch stream.write(output.unsafeBytes) {
            case .bytes(let count): output.consume(count)
            case .blocked(let interest):
                writeInterest = interest
                return
            case .failed: isDeaf = true
            }
        }
    }

    /// Reads what is there; false where nothing is.
    private func readAvailable() throws(RedisFailure) -> Bool {
        var outcome = ByteStream.ReadOutcome.blocked(until: .read)
        _ = input.appendUnsafe(upTo: Self.readByteCount) { space in
            outcome = stream.read(into: space)
            if case .bytes(let count, _) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes: return true
        case .blocked(let interest):
            readInterest = interest
            return false
        case .ended: throw end(.closed, "it ended the connection")
        case .failed(let failure): throw end(.closed, failure.reason)
        }
    }

    private func wait(by deadline: Instant) throws(RedisFailure) {
        let now = Instant.now()
        guard now < deadline else { throw end(.timedOut) }
        var interest = input.count < Self.unreadByteLimit ? readInterest : []
        if !output.isEmpty, !isDeaf { interest.formUnion(writeInterest) }
        var wishes = [Readiness.Wish(stream.number, interest)]
        if let stop { wishes.append(.init(stop.descriptor, .read)) }
        let ready = Readiness.wait(for: wishes, timeout: deadline.since(now))
        if stop != nil, ready[1] { throw end(.stopped) }
    }

    private func requireLife() throws(RedisFailure) {
        if let failure { throw failure }
    }

    private func end(_ kind: RedisFailure.Kind, _ detail: String = "") -> RedisFailure {
        let failure = RedisFailure(kind, at: address, detail)
        self.failure = failure
        return failure
    }
}
