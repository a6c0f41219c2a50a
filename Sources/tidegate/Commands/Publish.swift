/// `tidegate publish`: one value, a tombstone, or NDJSON of any length.
internal import Client
internal import Glibc
internal import Primitives
internal import Transport

enum Publish: Command {
    static let name = "publish"
    static let summary = "Publish a value, or many from NDJSON"
    static let help = """
        Usage: tidegate publish TOPIC VALUE [--ttl SECONDS] [--at MS] [--if-version N]
               tidegate publish --delete TOPIC [--if-version N]
               tidegate publish --ndjson [FILE|-]

        Publishes VALUE, which is JSON, as the newest value of TOPIC; or ends TOPIC; or publishes every line of a
        file, or of standard input, each an object {"topic":…,"data":…} or {"topic":…,"deleted":true}; "ttl",
        "at" and "ifVersion" beside "data" are as the options of these names.
        Without arguments and with a pipe on standard input it reads NDJSON. Lines are sent as they are read, for as
        long as they come: a bad line ends it, and the lines before it stay published. When a connection ends, it goes
        on over the next one, and each line is published once: a gateway that drains says how far it came, and what
        was in doubt when one died is sent again under the key of its request, which the gateway knows for ten
        minutes. After nine without a gateway it ends with status 1 and names the lines in doubt.

        \(Arguments.gatewayHelp)
          --ttl SECONDS       end TOPIC by itself after so long without a newer value (0.001 to 31536000)
          --at MS             say when it happened by a clock of your own, in Unix milliseconds
          --if-version N      only if TOPIC is at version N; 0: if there is no such topic
          --key KEY           the Idempotency-Key: whatever comes with the same key again is published once
                              (default: a new one for each call)
          --delete            publish a tombstone: the topic ends
          --ndjson            read lines from FILE, or from standard input
          --at-least-once     go on also after nine minutes without a gateway: some lines may be published twice
          --keep-awake S      after S seconds without a line send a blank one, so that no proxy cuts the
                              connection (default: 15)
          --progress          show count and rate also where standard error is no terminal

        Examples:
          tidegate publish stocks/AAPL '{"price":189.3}'
          tidegate publish motd '"text stands in double quotes"'
          tidegate publish fx/EUR/USD 1.0843 --ttl 30 --at $(date +%s%3N)
          tidegate publish counters/a 8 --if-version 7
          tidegate publish --delete stocks/AAPL
          tidegate publish --ndjson history.ndjson
          vmstat 1 | to-ndjson | tidegate publish
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let url = try arguments.gateway()
        let deletes = try arguments.flag("--delete")
        let isNDJSON = try arguments.flag("--ndjson")
        var habits = BulkPublisher.Habits()
        habits.repeatsUncertain = try arguments.flag("--at-least-once")
        if let seconds = try arguments.integer("--keep-awake", in: 1...86_400) {
            habits.keepAwake = .seconds(seconds)
        }
        let timeToLive = try arguments.positiveNumber("--ttl")
        let at = try arguments.integer("--at", in: 0...8_640_000_000_000_000).map(UInt64.init)
        let ifVersion = try arguments.integer("--if-version", in: 0...Int.max).map(UInt64.init)
        let key = try requestKey(&arguments)
        let showsProgress = try arguments.flag("--progress") || Console.isTerminal(STDERR_FILENO)
        let words = try arguments.positionals(0...2)
        if deletes, isNDJSON { throw UsageFailure("--delete and --ndjson exclude each other") }

        guard (timeToLive == nil && at == nil) || words.count == 2 else {
            throw UsageFailure("--ttl and --at go with one TOPIC and VALUE; lines have them as members")
        }
        if deletes {
            guard words.count == 1 else { throw UsageFailure("--delete takes one TOPIC") }
            return try printAnswer(Publisher(to: url).delete(words[0], ifVersion: ifVersion, under: key))
        }
        guard (ifVersion == nil && key == nil) || words.count == 2 else {
            throw UsageFailure("--if-version and --key go with one TOPIC; lines have \"ifVersion\"")
        }
        if isNDJSON || (words.isEmpty && !Console.isTerminal(STDIN_FILENO)) {
            guard words.count <= 1 else { throw UsageFailure("--ndjson takes one FILE at most") }
            return try publishLines(
                of: words.first ?? "-", to: url, habits, showsProgress: showsProgress)
        }
        guard words.count == 2 else {
            throw UsageFailure(words.isEmpty ? "TOPIC and VALUE are missing" : "VALUE is missing")
        }
        let value = Array(words[1].utf8)
        try checkValue(value, words[1])
        return try printAnswer(
            Publisher(to: url).publish(
                value, to: words[0], timeToLive: timeToLive, at: at, ifVersion: ifVersion, under: key))
    }

    private static func requestKey(_ arguments: inout Arguments) throws(UsageFailure) -> RequestKey? {
        guard let text = try arguments.value("--key") else { return nil }
        guard let key = RequestKey(text) else {
            throw UsageFailure("--key takes 1 to 255 visible characters of ASCII, such as a UUID")
        }
        return key
    }

    private static func checkValue(_ value: [UInt8], _ text: String) throws(UsageFailure) {
        do throws(JSONFailure) {
            var scanner = JSONScanner(value.span.afterByteOrderMark)
            _ = try scanner.value()
            try scanner.end()
        } catch {
            var quoted = ByteBuffer()
            quoted.append(jsonString: text)
            throw UsageFailure(
                "VALUE is not JSON (\(error)); text needs its own quotes: '\(quoted.bytes.text)'")
        }
    }

    private static func printAnswer(_ answer: [UInt8]) throws -> Int32 {
        var output = ByteBuffer()
        output.append(answer)
        if answer.last != ASCII.lineFeed { output.append(ASCII.lineFeed) }
        try Console.flush(&output)
        return 0
    }

    // MARK: Many at once

    private static func publishLines(
        of path: String, to url: GatewayURL, _ habits: BulkPublisher.Habits, showsProgress: Bool
    ) throws -> Int32 {
        let source = path == "-" ? FileDescriptor(owning: dup(STDIN_FILENO)) : try openFile(path)
        let publisher = try BulkPublisher(to: url, habits, tell: note)
        var progress = Progress(isShown: showsProgress)
        defer { progress.end() }
        var buffer = ByteBuffer(capacity: pieceByteCount)
        while true {
            // The source may be slow: meanwhile the gateway may say something, or want a sign of life.
            let ready = Readiness.wait(
                for: [.init(source.number, .read), .init(publisher.descriptor, .read)],
                timeout: min(progress.interval ?? publisher.attendAfter, publisher.attendAfter))
            progress.show()
            guard ready[0] else {
                try publisher.attend()
                continue
            }
            guard try readPiece(source.number, &buffer) else { break }
            progress.count(buffer.bytes)
            try publisher.send(buffer.bytes)
            buffer.removeAll()
        }
        let accepted = try publisher.finish()
        progress.end()
        var output = ByteBuffer()
        output.append("{\"accepted\":")
        output.append(decimal: accepted)
        output.append("}\n")
        try Console.flush(&output)
        return 0
    }

    private static func note(_ cut: BulkPublisher.Interruption) {
        let tenths = Int((cut.retryAfter.inSeconds * 10).rounded())
        Console.note(
            "tidegate publish: \(cut.reason); going on with line \(cut.nextLine) in \(tenths / 10).\(tenths % 10) s"
        )
    }

    /// Bytes to read from the source at once, and to send as one chunk.
    private static let pieceByteCount = 64 << 10

    private static func openFile(_ path: String) throws -> FileDescriptor {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw CommandFailure("cannot read \(path): \(SystemFailure("open").reason)")
        }
        return FileDescriptor(owning: number)
    }

    /// Reads once; false at the end of the source.
    private static func readPiece(_ number: Int32, _ buffer: inout ByteBuffer) throws -> Bool {
        while true {
            var outcome = 0
            _ = buffer.appendUnsafe(upTo: pieceByteCount) { space in
                outcome = read(number, space.baseAddress, pieceByteCount)
                return max(outcome, 0)
            }
            if outcome >= 0 { return outcome > 0 }
            guard errno == EINTR || errno == EAGAIN else {
                throw CommandFailure("cannot read the source: \(SystemFailure("read").reason)")
            }
        }
    }
}

/// What went wrong, in one line.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A line on standard error that counts updates once publishing has taken longer than a second.
private struct Progress {
    private let isShown: Bool
    private let began = Instant.now()
    private var shownAt = Instant.now()
    private var lineCount: UInt64 = 0
    private var hasLine = false

    /// How often to update the line; nil if it is not shown.
    var interval: Duration? { isShown ? .seconds(1) : nil }

    init(isShown: Bool) {
        self.isShown = isShown
    }

    mutating func count(_ bytes: Span<UInt8>) {
        for index in bytes.indices where bytes[index] == ASCII.lineFeed { lineCount += 1 }
    }

    mutating func show() {
        guard isShown else { return }
        let now = Instant.now()
        guard now.since(shownAt) >= .seconds(1) else { return }
        shownAt = now
        draw(now)
    }

    /// Leaves the last count on the screen.
    mutating func end() {
        guard hasLine else { return }
        draw(.now())
        hasLine = false
        write("\n")
    }

    private mutating func draw(_ now: Instant) {
        let seconds = max(now.since(began).inSeconds, 0.001)
        let rate = UInt64(Double(lineCount) / seconds)
        write("\r\(lineCount) lines, \(rate)/s, \(Int(seconds)) s   ")
        hasLine = true
    }

    private func write(_ text: String) {
        // Progress that cannot be shown is no reason to fail.
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
