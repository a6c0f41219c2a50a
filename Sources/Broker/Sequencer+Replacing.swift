/// A state that takes the place of another one, while publishers and loops go on.
internal import Primitives

extension Sequencer {
    /// A state on its way from one sequencer to another.
    ///
    /// Not checked, because it is moved: whoever hands it over keeps nothing of it.
    private final class Handover: @unchecked Sendable {
        var numbering: Numbering
        let rooms: [Int]

        init(_ numbering: consuming Numbering, rooms: [Int]) {
            self.numbering = numbering
            self.rooms = rooms
        }
    }

    /// From here on the state is that of `other`, which is not used afterwards: its topics, numbers, lineage, keys and rules. Of
    /// the present state there stay the limit of topics, and the room that publishers have set aside. `other` has no inboxes, and its
    /// moments are by this process's clock (`live`).
    ///
    /// Every inbox that has begun drops what waits and begins anew, with `replaced` and what recreates the new state: nothing is missing
    /// and nothing comes twice. A walk over the state is over: who takes one down begins anew.
    ///
    /// The lock is held while the new topics are collected, and released while they are put into order.
    package func replace(with other: Sequencer) {
        precondition(other !== self, "a state can not take its own place")
        let handover = other.handOver()
        let (numbers, beginning) = change { state in
            handover.numbering.succeed(state.numbering)
            swap(&state.numbering, &handover.numbering)
            let numbers = state.fanOut.replaceState(rooms: handover.rooms)
            return (numbers, state.collectBeginning())
        }
        begin(numbers, with: beginning, first: .replaced)
        // What was there before ends here, behind the lock.
    }

    /// How many states have taken the place of another one.
    var stateNumber: Int { change { $0.fanOut.stateNumber } }

    private func handOver() -> Handover {
        change { state in
            var numbering = Numbering(lineage: state.numbering.lineage)
            swap(&numbering, &state.numbering)
            return Handover(numbering, rooms: state.fanOut.rooms)
        }
    }
}

extension InboxEntry {
    fileprivate static var replaced: InboxEntry {
        InboxEntry(
            payload: Payload([UInt8]().span), sequence: 0, version: 0, accepted: .never, topic: 0,
            event: .replaced)
    }
}
