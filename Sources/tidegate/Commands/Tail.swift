/// `tidegate tail`: prints updates as they come, over any of the three transports.
internal import Client
internal import Primitives

enum Tail: Command {
    static let name = "tail"
    static let summary = "Print updates as they come"
    static let help = """
        Usage: tidegate tail [PATTERN…] [OPTIONS]

        Prints the latest value of every topic that a PATTERN covers, then each change as it comes. In a pattern
        "*" is one segment and a last "**" is all that follows. Without a pattern: everything.
        Updates go to standard output, all else (connections, gaps, errors) to standard error.

        \(Arguments.gatewayHelp)
          --transport KIND    ws, sse or poll (default: ws)
          --cursor C          resume behind this cursor; an empty one starts with a snapshot
          --last N            of topics with a log only the last N updates that are kept, then all that come;
                              0 is only what comes. With a cursor it says nothing
          --max-rate R        at most R updates of a topic a second (0.5 is one every two seconds)
          --stale             tell also when a value has grown stale, if the gateway has a rule for that:
                              "TIME  TOPIC  stale", with --json {"type":"stale","topic":…,"since":…}
          --json              print the updates as they came, one JSON object a line
          --count N           end after N updates
          --print-cursor      at the end print "cursor: C" as the last line on standard error
          --no-reconnect      end with status 1 when the connection ends

        Examples:
          tidegate tail 'stocks/*'
          tidegate tail stocks/AAPL 'fx/**' --max-rate 2
          tidegate tail 'trades/*' --last 10
          tidegate tail --json --count 100 | jq .data
          cursor=$(tidegate tail --count 10 --print-cursor 2>&1 >/dev/null | sed -n 's/^cursor: //p')
          tidegate tail --transport sse --cursor "$cursor"
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let url = try arguments.gateway()
        let names = SubscriptionTransport.allCases.map(\.rawValue)
        let kind = try arguments.choice("--transport", of: names)
        let cursor = try arguments.value("--cursor").flatMap { $0.isEmpty ? nil : Array($0.utf8) }
        let maxRate = try arguments.positiveNumber("--max-rate")
        let last = try arguments.lastUpdates()
        let wantsStaleness = try arguments.flag("--stale")
        let isJSON = try arguments.flag("--json")
        let count = try arguments.integer("--count", in: 1...Int.max)
        let printsCursor = try arguments.flag("--print-cursor")
        let reconnects = try !arguments.flag("--no-reconnect")
        var topics = try arguments.positionals(0...Int.max)
        if topics.isEmpty { topics = ["**"] }

        let wakeup = try PlainOutput.stopOnSignals()
        let transport = kind.flatMap(SubscriptionTransport.init(rawValue:)) ?? .webSocket
        var request = SubscriptionRequest(topics: topics, maxRate: maxRate)
        request.last = last
        request.wantsStaleness = wantsStaleness
        let stream = SubscriptionStream(
            request, at: url, over: transport, cursor: cursor, reconnects: reconnects, stop: wakeup)
        var printer = UpdatePrinter(for: name, isJSON: isJSON, remaining: count, cursor: cursor)
        defer {
            if printsCursor { Console.note("cursor: \(printer.cursor.map { $0.span.text } ?? "")") }
        }
        return try PlainOutput.follow(stream, &printer)
    }
}
