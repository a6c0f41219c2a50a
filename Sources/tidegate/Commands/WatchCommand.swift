/// `tidegate watch`: a full-screen ticker; plain lines if the output is no terminal.
internal import Client
internal import Glibc
internal import Primitives
internal import Transport
internal import Watch

enum WatchCommand: Command {
    static let name = "watch"
    static let summary = "Watch topics on the whole terminal, live"
    static let help = """
        Usage: tidegate watch [URL] [PATTERN…] [OPTIONS]

        A table of all topics that a PATTERN covers, kept up to date as values change: the last value, its change
        since the day's open (or since the first value seen), other members, recent values, age, and how many
        updates newer ones replaced on the way. Without a pattern: everything. In a pattern "*" is one segment and
        a last "**" is all that follows. Where standard output is no terminal it prints lines, like "tail".

        \(Arguments.gatewayHelp)
          --columns A,B.C     members to show, dots for those within members (default: guessed from the data)
          --transport KIND    ws, sse or poll (default: ws); "t" changes it
          --max-rate R        at most R updates of a topic a second (default: 10, as often as it draws);
                              "+" and "-" change it
          --last N            of topics with a log begin with the last N updates that are kept, not with all
          --record FILE       append all that comes to FILE, as NDJSON that the replay feed plays back
          --no-color          no colours; so does NO_COLOR. Otherwise as many as TERM and COLORTERM say
          --ascii             no signs but ASCII; so does a locale that is not UTF-8

        Keys:
          arrows, j k, PgUp PgDn, g G, wheel   move          s S    sort by the next column, turn it round
          Enter, Esc   detail: chart and JSON, and back      + -    pace
          left right   other columns; scroll the JSON        t      transport: ws, sse, poll
          /            filter as you type                    p      pause the screen
          a            add a topic or pattern                d u    drop a row, bring it back
          r            connect again now                     ? q    help, quit

        Examples:
          tidegate watch 'sim/*'
          tidegate watch http://ticker.example:8080 'stocks/*' --columns bid,ask,volume
          tidegate watch 'host/**' --transport sse --max-rate 2
          tidegate watch 'sim/*' --record day.ndjson
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let columns = try arguments.value("--columns").map(columns)
        let names = SubscriptionTransport.allCases.map(\.rawValue)
        let kind = try arguments.choice("--transport", of: names)
        let maxRate = try arguments.positiveNumber("--max-rate")
        let last = try arguments.lastUpdates()
        let path = try arguments.value("--record")
        let isColourless = try arguments.flag("--no-color")
        let isASCII = try arguments.flag("--ascii")
        let (url, words) = try arguments.gatewayAndWords()
        let topics = words.isEmpty ? ["**"] : words
        for topic in topics {
            if let fault = patternFault(topic) { throw UsageFailure(fault) }
        }
        let transport = kind.flatMap(SubscriptionTransport.init(rawValue:)) ?? .webSocket
        let recorder: Recorder? = if let path { try Recorder(path: path) } else { nil }

        guard Console.isTerminal(STDOUT_FILENO), Console.environment("TERM") != "dumb" else {
            var request = SubscriptionRequest(topics: topics, maxRate: maxRate)
            request.last = last
            return try print(request, at: url, over: transport, recorder)
        }
        let capabilities = Capabilities(
            depth: isColourless ? .none : ColourDepth(environment: Console.environment),
            isUnicode: !isASCII && Capabilities.isUnicode(environment: Console.environment))
        var subscription = WatchSubscription(
            topics: topics, transport: transport, pace: maxRate ?? WatchSubscription.usualPace)
        subscription.last = last
        let session = try WatchSession(
            subscription, at: url, columns: columns, recorder: recorder, capabilities)
        try session.run()
        return 0
    }

    private static func columns(_ text: String) throws(UsageFailure) -> [String] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if names.contains(where: \.isEmpty) {
            throw UsageFailure("--columns wants members with commas between them, for instance bid,ask")
        }
        return names
    }

    // MARK: Without a terminal

    private static func print(
        _ request: SubscriptionRequest, at url: GatewayURL, over transport: SubscriptionTransport,
        _ recorder: consuming Recorder?
    ) throws -> Int32 {
        let stop = try PlainOutput.stopOnSignals()
        let stream = SubscriptionStream(request, at: url, over: transport, stop: stop)
        var printer = UpdatePrinter(for: name, isJSON: false, remaining: nil, cursor: nil)
        var recorder = recorder
        let status = try PlainOutput.follow(stream, &printer) { events in
            for event in events { try recorder?.record(event) }
            try recorder?.flush()
        }
        try recorder?.finish()
        return status
    }
}
