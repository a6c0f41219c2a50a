/// A question to all loops about their connections, and their answers put together.
internal import Primitives
internal import Synchronization
internal import Transport

/// Each loop answers in turns of its own; with the last answer the request that asked has its own.
final class ConnectionSurvey: Sendable {
    /// One connection.
    struct Row: Sendable {
        let slowness: Slowness
        /// What `GET /connections` says of it.
        let text: Payload
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
        /// Of each loop that has answered, slowest first.
        var rows: [[Row]] = []
        var connectionCount = 0
        var awaitedCount: Int
    }

    /// A row is no shorter.
    private static let rowByteCount = 128

    /// The most connections that are listed.
    let limit: Int
    /// The most bytes of their rows.
    let byteLimit: Int
    private let asker: Mailbox
    private let ticket: UInt64
    private let state: Mutex<State>

    init(limit: Int, byteLimit: Int, loopCount: Int, asker: Mailbox, ticket: UInt64) {
        self.limit = min(limit, byteLimit / Self.rowByteCount)
        self.byteLimit = byteLimit
        self.asker = asker
        self.ticket = ticket
        state = Mutex(State(awaitedCount: loopCount))
    }

    /// One loop's answer: its slowest connections, and how many it has.
    func report(_ rows: [Row], of connectionCount: Int) {
        let isComplete = state.withLock { state in
            state.rows.append(rows)
            state.connectionCount += connectionCount
            state.awaitedCount -= 1
            return state.awaitedCount == 0
        }
        if isComplete { asker.post(.answer(.connections(self), ticket: ticket)) }
    }

    /// The slowest connections of all loops that have answered, slowest first, and how many there are.
    var result: (rows: [Payload], connectionCount: Int) {
        state.withLock { state in (merged(state.rows), state.connectionCount) }
    }

    private func merged(_ loops: [[Row]]) -> [Payload] {
        var places = loops.map(\.startIndex)
        var rows: [Payload] = []
        var byteCount = 0
        while rows.count < limit {
            let open = places.indices.filter { places[$0] < loops[$0].count }
            guard let next = open.max(by: { loops[$0][places[$0]].slowness < loops[$1][places[$1]].slowness })
            else { break }
            let text = loops[next][places[next]].text
            byteCount += text.byteCount
            guard byteCount <= byteLimit else { break }
            rows.append(text)
            places[next] += 1
        }
        return rows
    }
}
