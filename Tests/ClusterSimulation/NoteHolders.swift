/// Who leaves notes and takes them away: each is to be had once, whatever becomes of nodes and servers.
internal import Broker
internal import Cluster
internal import Primitives
internal import Synchronization

final class NoteHolders: NoteReceiver {
    private struct Asked {
        let node: String
        let name: String
        let isLeaving: Bool
    }

    private struct State {
        var asked: [UInt64: Asked] = [:]
        var ticketCount: UInt64 = 0
        var nameCount = 0
        /// Those of which nobody knows yet that they can't be had.
        var names: [String] = []
        var takenCounts: [String: Int] = [:]
        var outcomes: [UInt64: NoteOutcome] = [:]
        var faults: [String] = []
    }

    private let state = Mutex(State())

    var unansweredCount: Int { state.withLock { $0.asked.count } }
    /// Those that may be there still.
    var names: [String] { state.withLock { $0.names } }
    var faults: [String] { state.withLock { $0.faults } }
    /// How many notes were taken in all.
    var takenCount: Int { state.withLock { $0.takenCounts.values.reduce(0, +) } }

    private static func content(of name: String) -> [UInt8] { Array("content of \(name)".utf8) }

    func received(_ outcome: NoteOutcome, for ticket: UInt64) {
        state.withLock { state in
            guard let asked = state.asked.removeValue(forKey: ticket) else {
                return state.faults.append("ticket \(ticket) was answered twice, or of a node that died")
            }
            state.outcomes[ticket] = outcome
            switch outcome {
            case .left: if !asked.isLeaving { state.faults.append("\(asked.name) was left, not taken") }
            case .missing: if asked.isLeaving { state.faults.append("\(asked.name) was not left") }
            case .unavailable: break
            case .taken(let content):
                state.takenCounts[asked.name, default: 0] += 1
                if state.takenCounts[asked.name] != 1 { state.faults.append("\(asked.name) was taken twice") }
                if content != Self.content(of: asked.name) { state.faults.append("\(asked.name) is another") }
            }
        }
    }

    /// A node that has died answers nobody.
    func forget(_ node: String) {
        state.withLock { state in state.asked = state.asked.filter { $0.value.node != node } }
    }

    /// Leaves a note, or asks for one that may be there, or was.
    func move(at node: SimulatedNode, _ time: WorldTime, _ random: inout SeededGenerator) -> String {
        let name = state.withLock { $0.names.randomElement(using: &random) }
        if let name, Int.random(in: 0..<100, using: &random) < 60 {
            take(name, at: node, time)
            return "\(node.name) is asked for \(name)"
        }
        return "\(node.name) is left \(leave(at: node, time).name)"
    }

    /// Returns the note's name and the number of its outcome.
    @discardableResult
    func leave(at node: SimulatedNode, _ time: WorldTime) -> (name: String, ticket: UInt64) {
        let name = state.withLock { state in
            state.nameCount += 1
            state.names.append("note-\(state.nameCount)")
            // The oldest are over by now.
            if state.names.count > 10 { state.names.removeFirst() }
            return "note-\(state.nameCount)"
        }
        let request = NoteRequest.leave(name: name, content: Self.content(of: name), milliseconds: 30_000)
        return (name, ask(request, name, isLeaving: true, at: node, time))
    }

    @discardableResult
    func take(_ name: String, at node: SimulatedNode, _ time: WorldTime) -> UInt64 {
        ask(.take(name: name), name, isLeaving: false, at: node, time)
    }

    func outcome(of ticket: UInt64) -> NoteOutcome? { state.withLock { $0.outcomes[ticket] } }

    private func ask(
        _ request: NoteRequest, _ name: String, isLeaving: Bool, at node: SimulatedNode, _ time: WorldTime
    ) -> UInt64 {
        let ticket = state.withLock { state in
            state.ticketCount += 1
            state.asked[state.ticketCount] = Asked(node: node.name, name: name, isLeaving: isLeaving)
            return state.ticketCount
        }
        let claim = NoteTicket(number: ticket, receiver: self)
        if !node.log.ask(request, until: time.now + .seconds(2), for: claim) {
            received(.unavailable, for: ticket)
        }
        return ticket
    }
}
