/// One thing that a hostile or unlucky client does: a line of the table.
internal import Primitives

/// It has the time of `Strangers.end` for each step. At the end of the last one all its connections break at once, and
/// what that costs is measured, too.
protocol IsolationLine {
    /// The name on the command line and in the table.
    var name: String { get }
    var about: String { get }
    /// Comes before the topics do. Not measured.
    mutating func arrive(_ strangers: Strangers) throws
    /// Gets ready once the topics are there. Not measured.
    mutating func prepare(_ strangers: Strangers) throws
    /// Does it until the time is over, or once, if once is enough.
    mutating func act(_ strangers: Strangers) throws
}

extension IsolationLine {
    mutating func arrive(_: Strangers) throws {}
    mutating func prepare(_: Strangers) throws {}
}

enum IsolationLines {
    static var all: [any IsolationLine] {
        [
            // What was seen to hold a gateway up.
            Storm(), ManyPatterns(), Unsubscribe(), Listings(), UnknownTopics(), InventedNames(), PollPages(),
            NewTopics(), Newcomers(), Resumes(), Leaving(),
            // What else a stranger can think of.
            BackAndForth(), DeepListings(), OldPolls(), UnreadListings(), Pipeline(), Figures(),
            Births(), Deaths(), Trickle(), HalfBodies(), Values(),
            Fragments(), Pings(), Paces(), Bombs(), Nonsense(), ExactNames(), DeepPatterns(),
            HeadDrip(), Churn(), Everything(), Spinning(),
        ]
    }

    static func named(_ name: String) -> (any IsolationLine)? { all.first { $0.name == name } }
}

/// What a client says on its WebSocket (docs/protocol.md, section 4).
enum ClientMessage {
    static func subscribe(_ topics: some Sequence<String>) -> String { message("subscribe", topics) }

    static func unsubscribe(_ topics: some Sequence<String>) -> String { message("unsubscribe", topics) }

    private static func message(_ type: String, _ topics: some Sequence<String>) -> String {
        "{\"type\":\"\(type)\",\"topics\":[\"" + topics.joined(separator: "\",\"") + "\"]}"
    }
}

/// Counts off what is due at so many a second.
struct Beat {
    let rate: Double
    private let start = Instant.now()
    private var count = 0

    init(_ rate: Double) { self.rate = rate }

    /// How many have become due since it was asked last.
    mutating func due() -> Int {
        let all = Int(Instant.now().since(start).seconds * rate)
        defer { count = all }
        return all - count
    }
}
