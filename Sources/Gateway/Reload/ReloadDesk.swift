/// Where somebody asks for the settings to be read anew, and a thread that does it takes the orders.
internal import Primitives
internal import Synchronization

/// Any thread asks; one serves. All that have asked before a reload begins are answered by it, so that many askers cost no more
/// than one.
package final class ReloadDesk: Sendable {
    private struct State {
        var isAsked = false
        var isClosed = false
        /// An order is being carried out.
        var isAtWork = false
        var askers: [(mailbox: Mailbox, ticket: UInt64)] = []
    }

    private static let patience = Duration.seconds(2)

    private let state = Monitor(State())
    private let page = Mutex<[UInt8]>([])
    /// Reloads by what became of them.
    let takenCount = Atomic<Int>(0)
    let refusedCount = Atomic<Int>(0)

    /// What the gateway goes by, as `GET /operations/settings` shows it.
    var settings: [UInt8] { page.withLock { $0 } }

    package func show(settings: [UInt8]) {
        page.withLock { $0 = settings }
    }

    /// The log tells what comes of it.
    package func ask() {
        state.withLock { $0.isAsked = true }
    }

    /// What comes of it is the answer to that ticket.
    func ask(for ticket: UInt64, at mailbox: Mailbox) {
        state.withLock { state in
            state.isAsked = true
            state.askers.append((mailbox, ticket))
        }
    }

    /// Carries out what is asked for, until the desk is closed. Every `interval` it asks by itself if something `hasChanged`.
    package func serve(
        looking interval: Duration = .seconds(3600), hasChanged: () -> Bool = { false },
        _ reload: () -> ReloadReport
    ) {
        while let askers = next(looking: interval, hasChanged) {
            let report = reload()
            switch report {
            case .taken: takenCount.add(1, ordering: .relaxed)
            case .refused: refusedCount.add(1, ordering: .relaxed)
            }
            for (mailbox, ticket) in askers { mailbox.post(.answer(.reloaded(report), ticket: ticket)) }
            state.withLock { $0.isAtWork = false }
        }
    }

    /// Waits for the next order; nil: none will come.
    private func next(
        looking interval: Duration, _ hasChanged: () -> Bool
    ) -> [(mailbox: Mailbox, ticket: UInt64)]? {
        while true {
            let isAsked = state.wait(until: .now() + interval) { $0.isAsked || $0.isClosed }
            if state.withLock({ $0.isClosed }) { return nil }
            if !isAsked, hasChanged() { ask() }
            let askers: [(mailbox: Mailbox, ticket: UInt64)]? = state.withLock { state in
                guard state.isAsked, !state.isClosed else { return nil }
                state.isAsked = false
                state.isAtWork = true
                defer { state.askers = [] }
                return state.askers
            }
            if let askers { return askers }
        }
    }

    /// Nothing is carried out any more. What is under way comes to its end, unless a name server keeps it longer than anybody waits.
    package func close() {
        state.withLock { $0.isClosed = true }
        _ = state.wait(until: .now() + Self.patience) { !$0.isAtWork }
    }
}
