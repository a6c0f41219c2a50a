/// The replica's long work, a share of each turn: marking what has changed, and the walks of readers over many topics.
internal import Broker
internal import Primitives

extension GatewayLoop {
    /// Each part of a turn has so much of its time before the others have theirs. All together are some five milliseconds: no
    /// connection waits longer for its turn, whatever the others want.
    enum Share {
        static let marks = Interval(.microseconds(500))
        static let events = Interval(.microseconds(1000))
        /// At least, beyond what the other events have left of their share.
        static let strangers = Interval(.microseconds(500))
        static let deadlines = Interval(.microseconds(250))
        static let flushes = Interval(.microseconds(1250))
        static let again = Interval(.microseconds(750))
        static let publishes = Interval(.microseconds(750))
        static let walks = Interval(.microseconds(500))
        static let surveys = Interval(.microseconds(500))
        static let reviews = Interval(.microseconds(500))
    }

    /// Visits the connections from `place` on, until none is left or the part of the turn has had its share; returns whether none
    /// is left.
    func visitConnections(from place: inout Int, _ visit: (Connection) -> Void) -> Bool {
        while place < connections.count {
            if place & 7 == 7, isShareSpent { return false }
            if let connection = connections[place] { visit(connection) }
            place += 1
        }
        return true
    }

    /// Steps between two looks at the clock, and the most of them in a turn: a clock that stands still must not hold it.
    static let rationSteps = 128
    static let rationLimit = 256

    /// Marks the readers of what has changed.
    func mark() {
        guard replica.hasUnmarked else { return }
        beginShare(Share.marks)
        for _ in 0..<Self.rationLimit {
            var ration = Ration(steps: Self.rationSteps)
            replica.mark(&ration)
            if !replica.hasUnmarked || isShareSpent { return }
        }
    }

    /// Goes on with what readers have come to cover, cover no more, or have left. Those that have come further are looked
    /// after in the next turn.
    func walk() {
        guard replica.hasWalks else { return }
        beginShare(Share.walks)
        for _ in 0..<Self.rationLimit {
            var ration = Ration(steps: Self.rationSteps)
            replica.walk(&ration, into: &advanced)
            if !replica.hasWalks || isShareSpent { break }
        }
        for subscriber in advanced where replica.contains(subscriber) {
            if let connection = connection(of: replica.owner(of: subscriber)) { workLater(connection) }
        }
        advanced.removeAll(keepingCapacity: true)
    }
}
