/// Lines of clients that subscribe, unsubscribe, resume and leave.
internal import Primitives

struct Storm: IsolationLine {
    let name = "storm"
    let about = "100 readers, ws and sse, subscribe to ** at once; when all are live they leave and come back"

    private static let count = 100
    private var crowd: [Stranger] = []

    mutating func prepare(_ strangers: Strangers) throws {
        crowd = try strangers.webSockets(Self.count / 2) + strangers.connect(Self.count / 2)
    }

    mutating func act(_ strangers: Strangers) throws {
        while strangers.goesOn {
            let before = strangers.sum.lives
            for stranger in crowd {
                if stranger.isWebSocket {
                    strangers.send(message: ClientMessage.subscribe(["**"]), on: stranger)
                } else {
                    strangers.send(HTTPText.get("/sse?topics=**"), on: stranger)
                }
            }
            try strangers.pump { crowd.allSatisfy { $0.isLive || $0.isRefused } }
            strangers.count("readers live", strangers.sum.lives - before)
            for stranger in crowd { strangers.leave(stranger) }
            try prepare(strangers)
        }
    }
}

struct ManyPatterns: IsolationLine {
    let name = "patterns"
    let about = "one subscribe of 4,000 patterns */qN on a WebSocket, again and again"

    func act(_ strangers: Strangers) throws {
        let message = ClientMessage.subscribe((0..<4000).map { "*/q\($0)" })
        while strangers.goesOn {
            let stranger = try strangers.webSockets(1)[0]
            strangers.send(message: message, on: stranger)
            strangers.count("subscribes")
            try strangers.pump { stranger.isLive || stranger.isRefused }
            if stranger.isLive { strangers.count("live") }
            strangers.leave(stranger)
        }
    }
}

struct Unsubscribe: IsolationLine {
    let name = "unsubscribe"
    let about = "five readers of ** and 5,000 other patterns unsubscribe **, one after the other"

    private var readers: [Stranger] = []

    mutating func arrive(_ strangers: Strangers) throws {
        readers = try strangers.readers(5, of: "**")
        for reader in readers {
            for first in [0, 2500] {
                let others = (first..<first + 2500).map { "*/z\($0)" }
                strangers.send(message: ClientMessage.subscribe(others), on: reader)
            }
        }
        try strangers.pump { readers.allSatisfy { $0.tally.lives == 3 || $0.isRefused } }
    }

    mutating func prepare(_ strangers: Strangers) throws { try strangers.pumpUntilQuiet() }

    func act(_ strangers: Strangers) throws {
        for reader in readers {
            let before = reader.tally.answers
            strangers.send(message: ClientMessage.unsubscribe(["**"]), on: reader)
            try strangers.pump { reader.tally.answers > before || !reader.isOpen }
            if reader.tally.answers > before { strangers.count("unsubscribed") }
            try strangers.pump(for: .milliseconds(200))
        }
    }
}

struct UnknownTopics: IsolationLine {
    let name = "unknown"
    let about = "a reader of ** unsubscribes 1,000 unknown topics a second, one a message"

    private var reader: Stranger?

    mutating func prepare(_ strangers: Strangers) throws {
        reader = try strangers.readers(1, of: "**").first
    }

    func act(_ strangers: Strangers) throws {
        guard let reader else { return }
        let before = reader.tally.answers
        var beat = Beat(1000)
        var number = 0
        while strangers.goesOn {
            for _ in 0..<beat.due() {
                number += 1
                strangers.send(message: ClientMessage.unsubscribe(["nowhere/\(number)"]), on: reader)
            }
            try strangers.pump(for: .milliseconds(2))
        }
        strangers.count("sent", number)
        strangers.count("answered", reader.tally.answers - before)
    }
}

struct InventedNames: IsolationLine {
    let name = "invented"
    let about = "ten readers name 10,000 topics each that nobody ever published, and leave; again and again"

    func act(_ strangers: Strangers) throws {
        var round = 0
        while strangers.goesOn {
            let crowd = try strangers.webSockets(10)
            for (place, stranger) in crowd.enumerated() {
                for first in stride(from: 0, to: 10_000, by: 2500) {
                    let names = (first..<first + 2500).map { "no/\(round)/\(place)/\($0)" }
                    strangers.send(message: ClientMessage.subscribe(names), on: stranger)
                }
            }
            let before = strangers.sum.lives
            try strangers.pump { crowd.allSatisfy { $0.tally.lives == 4 || $0.isRefused } }
            strangers.count("names", (strangers.sum.lives - before) * 2500)
            for stranger in crowd { strangers.leave(stranger) }
            round += 1
        }
    }
}

struct Newcomers: IsolationLine {
    let name = "newcomers"
    let about = "new readers of **, one after the other; each leaves when it is live"

    func act(_ strangers: Strangers) throws {
        while strangers.goesOn {
            let reader = try strangers.readers(1, of: "**")[0]
            strangers.count(reader.isLive ? "live" : "not live in time")
            strangers.leave(reader)
        }
    }
}

struct Resumes: IsolationLine {
    let name = "resumes"
    let about = "10,000 readers of 100 topics each resume at once; 50 of each one's topics have changed"

    private static let count = 10_000
    private var crowd: [Stranger] = []
    private var cursor = ""

    mutating func prepare(_ strangers: Strangers) throws {
        var publisher = try strangers.connect()
        try strangers.ask(HTTPText.get("/poll?topics=no/such&wait=0"), on: &publisher)
        cursor = String((publisher.lastAnswer?.tag ?? "").dropFirst().dropLast())
        let changed = (0..<groupCount(strangers)).flatMap { TopicField.members(of: $0).prefix(50) }
        try strangers.ask(TopicField.publish(changed), on: &publisher)
        crowd = try strangers.connect(Self.count)
        // Until the gateway has accepted them all.
        try strangers.pump(for: .seconds(1))
    }

    func act(_ strangers: Strangers) throws {
        for (number, stranger) in crowd.enumerated() {
            let topics = "group\(number % groupCount(strangers))/*"
            strangers.send(HTTPText.upgrade("/ws?topics=\(topics)&cursor=\(cursor)"), on: stranger)
        }
        try strangers.pump { strangers.sum.lives == Self.count }
        strangers.count("resumed", strangers.sum.lives)
    }

    private func groupCount(_ strangers: Strangers) -> Int {
        min(TopicField.groupCount(of: strangers.topicCount), 100)
    }
}

struct Leaving: IsolationLine {
    let name = "leaving"
    let about = "100 readers of ** leave at once"

    mutating func prepare(_ strangers: Strangers) throws {
        _ = try strangers.readers(100, of: "**")
    }

    func act(_ strangers: Strangers) throws {
        strangers.count("readers that left", strangers.sum.lives)
        strangers.leaveAll()
    }
}

struct BackAndForth: IsolationLine {
    let name = "backandforth"
    let about = "three connections subscribe and unsubscribe ** as often as the gateway takes messages"

    func act(_ strangers: Strangers) throws {
        var crowd = try strangers.webSockets(3)
        var beat = Beat(450)
        while strangers.goesOn {
            try strangers.renewClosed(&crowd)
            for _ in 0..<beat.due() {
                for stranger in crowd where !stranger.hasUnsent {
                    strangers.send(message: ClientMessage.subscribe(["**"]), on: stranger)
                    strangers.send(message: ClientMessage.unsubscribe(["**"]), on: stranger)
                    strangers.count("pairs")
                }
            }
            try strangers.pump(for: .milliseconds(2))
        }
    }
}

struct ExactNames: IsolationLine {
    let name = "names"
    let about =
        "four connections subscribe 3,000 topics by name in one message, and unsubscribe them, over and over"

    func act(_ strangers: Strangers) throws {
        let names = (0..<3000).map { TopicField.name($0 * 6 % strangers.topicCount) }
        let both =
            HTTPText.frame(FrameWalker.text, Array(ClientMessage.subscribe(names).utf8))
            + HTTPText.frame(FrameWalker.text, Array(ClientMessage.unsubscribe(names).utf8))
        let crowd = try strangers.webSockets(4)
        try strangers.flood(crowd) {
            strangers.count("messages", 2)
            return both
        }
    }
}

struct DeepPatterns: IsolationLine {
    let name = "deep"
    let about =
        "8,000 patterns of * and a in every place, for topics a/a/a/…, and new such topics; a pattern of 100 *"

    private static let places = 13
    private var reader: Stranger?

    mutating func prepare(_ strangers: Strangers) throws {
        reader = try strangers.webSockets(1).first
    }

    func act(_ strangers: Strangers) throws {
        guard let reader else { return }
        for first in stride(from: 0, to: 1 << Self.places, by: 1024) {
            let patterns = (first..<first + 1024).map { Self.path($0, "*") + "/**" }
            strangers.send(message: ClientMessage.subscribe(patterns), on: reader)
        }
        let longest = Array(repeating: "*", count: 100).joined(separator: "/")
        strangers.send(message: ClientMessage.subscribe([longest]), on: reader)
        strangers.count("patterns", 1 << Self.places)
        var publisher = try strangers.connect()
        var number = 0
        while strangers.goesOn {
            // The first are a and b in all places; those that follow match every pattern.
            let names = (number..<number + 100).map {
                Self.path($0 < 1 << Self.places ? $0 : 0, "b") + "/\($0)"
            }
            let long = Array(repeating: "a", count: 99).joined(separator: "/") + "/\(number)"
            if try strangers.ask(TopicField.publish(names + [long]), on: &publisher) {
                strangers.count("new topics", names.count + 1)
            }
            number += 100
        }
    }

    /// `a` in every place whose bit is 0.
    private static func path(_ bits: Int, _ other: String) -> String {
        (0..<places).map { bits >> $0 & 1 == 0 ? "a" : other }.joined(separator: "/")
    }
}
