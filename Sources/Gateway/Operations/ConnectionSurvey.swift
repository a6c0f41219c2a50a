/// A question to all loops about their connections, and their answers put together.
internal import Synchronization
internal import Transport

/// Each loop answers in a turn of its own; with the last answer the request that asked has its own.
final class ConnectionSurvey: Sendable {
    /// One connection, as `GET /connections` lists it.
    struct Row: Sendable {
        let address: String
        /// For whom it acts; nil: for a stranger.
        let subject: String?
        let transport: StaticString
        /// Seconds since it was accepted.
        let age: Double
        let topics: Int
        let maximumRate: Double?
        let delivered: UInt64
        let conflated: UInt64
        /// Topics whose latest value it has not been sent.
        let marked: Int
        /// Bytes that wait in the gateway and in the kernel.
        let pendingByteCount: Int
        /// Seconds since its full socket last took something; 0 where it is not full.
        let stalled: Double
    }

    /// The order of connections: the slowest first.
    struct Slowness: Comparable {
        let stalledNanoseconds: UInt64
        let conflated: UInt64

        static func < (left: Slowness, right: Slowness) -> Bool {
            (left.stalledNanoseconds, left.conflated) < (right.stalledNanoseconds, right.conflated)
        }
    }

    private struct State {
        var rows: [(slowness: Slowness, row: Row)] = []
        var connectionCount = 0
        var awaitedCount: Int
    }

    /// The most connections that are listed.
    let limit: Int
    private let asker: Mailbox
    private let ticket: UInt64
    private let state: Mutex<State>

    init(limit: Int, loopCount: Int, asker: Mailbox, ticket: UInt64) {
        self.limit = limit
        self.asker = asker
        self.ticket = ticket
        state = Mutex(State(awaitedCount: loopCount))
    }

    /// One loop's answer: its slowest connections, and how many it has.
    func report(_ rows: [(slowness: Slowness, row: Row)], of connectionCount: Int) {
        let isComplete = state.withLock { state in
            state.rows += rows
            state.connectionCount += connectionCount
            state.awaitedCount -= 1
            return state.awaitedCount == 0
        }
        if isComplete { asker.post(.answer(.connections(self), ticket: ticket)) }
    }

    /// The slowest connections of all loops that have answered, slowest first, and how many there are.
    var result: (rows: [Row], connectionCount: Int) {
        state.withLock { state in
            let rows = state.rows.sorted { $0.slowness > $1.slowness }.prefix(limit).map(\.row)
            return (rows, state.connectionCount)
        }
    }
}
