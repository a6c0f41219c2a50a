/// Lines of clients that connect, drip and go; the line of all at once, and that of none.
import Foundation
import Synchronization

struct HeadDrip: IsolationLine {
    let name = "headdrip"
    let about = "5,000 connections send the head of a request, a byte twice a second each"

    func act(_ strangers: Strangers) throws {
        let head = HTTPText.upgrade("/ws")
        var crowd = try strangers.connect(5000)
        strangers.count("connections", crowd.count)
        var beat = Beat(2)
        var sent = 0
        while strangers.goesOn {
            try strangers.renewClosed(&crowd)
            for _ in 0..<beat.due() {
                for stranger in crowd { strangers.send([head[sent % head.count]], on: stranger) }
                sent += 1
            }
            try strangers.pump(for: .milliseconds(10))
        }
    }
}

struct Churn: IsolationLine {
    let name = "churn"
    let about =
        "connections as fast as they can be made: a third at once broken, the others with a request on their way"

    func act(_ strangers: Strangers) throws {
        let openings = [[], HTTPText.get("/sse?topics=group1/*"), HTTPText.upgrade("/ws?topics=group1/*")]
        var number = 0
        while strangers.goesOn {
            let crowd = try (0..<30).map { _ in
                number += 1
                return try strangers.connect(openings[number % openings.count])
            }
            try strangers.step()
            for stranger in crowd { strangers.leave(stranger) }
            strangers.count("connections", crowd.count)
        }
    }
}

struct Everything: IsolationLine {
    let name = "everything"
    let about = "a dozen of the others at once"

    private static let parts = [
        "patterns", "listing", "invented", "poll", "newtopic", "newcomers", "backandforth", "deeplisting",
        "births", "pings", "nonsense", "churn",
    ]

    func act(_ strangers: Strangers) throws {
        let (port, topicCount, end) = (strangers.port, strangers.topicCount, strangers.end)
        let outcomes = Outcomes()
        let group = DispatchGroup()
        for name in Self.parts {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    guard var part = IsolationLines.named(name) else { return }
                    let own = try Strangers(port: port, topicCount: topicCount)
                    own.end = end
                    try part.act(own)
                    outcomes.add(name, own.deeds)
                } catch {
                    outcomes.add("\(name), until \(error),", [])
                }
            }
        }
        group.wait()
        for deed in outcomes.all { strangers.count(deed.what, deed.count) }
    }

    /// What the threads have done.
    private final class Outcomes: Sendable {
        private let deeds = Mutex<[Strangers.Deed]>([])

        var all: [Strangers.Deed] { deeds.withLock { $0 } }

        func add(_ name: String, _ new: [Strangers.Deed]) {
            let first = new.first.map { Strangers.Deed(what: "\(name) \($0.what)", count: $0.count) }
            deeds.withLock { $0.append(first ?? Strangers.Deed(what: name, count: 0)) }
        }
    }
}

struct Spinning: IsolationLine {
    let name = "spinning"
    let about = "nothing: the client only keeps its core busy. What it shows is the tool's own"

    func act(_ strangers: Strangers) throws {
        while strangers.goesOn { strangers.count("looks at the clock") }
    }
}
