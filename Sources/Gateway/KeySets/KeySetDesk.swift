/// Where loops ask for keys that they lack, and a thread that may wait learns which are to be fetched.
internal import Primitives
internal import Synchronization

/// Any thread asks; one serves.
package final class KeySetDesk: Sendable {
    private struct State {
        var isClosed = false
        var schedules: [KeySource: KeySetSchedule] = [:]

        func due(at now: Instant) -> KeySource? { schedules.first { $0.value.due <= now }?.key }
    }

    private let state = Monitor(State())
    let fetchedCount = Atomic<Int>(0)
    let failedCount = Atomic<Int>(0)

    /// These are fetched from now on, and at once.
    func keep(_ sources: [KeySource], at now: Instant) {
        state.withLock { state in
            var schedules: [KeySource: KeySetSchedule] = [:]
            for source in sources {
                schedules[source] = state.schedules[source] ?? KeySetSchedule(at: now)
                schedules[source]?.lookAgain(at: now)
            }
            state.schedules = schedules
        }
    }

    /// A token names a key that the source of that name has not brought: whether that may change in a moment.
    func ask(for name: String, at now: Instant) -> Bool {
        state.withLock { state in
            guard let source = state.schedules.keys.first(where: { $0.name == name }) else { return false }
            return state.schedules[source]?.ask(at: now) ?? false
        }
    }

    // MARK: Serving

    /// Waits until keys are due; nil: none will be.
    func next() -> KeySource? {
        while true {
            let (source, wait, isClosed) = state.withLock { state in
                let now = Instant.now()
                let wait = state.schedules.values.map(\.due).min() ?? now + .seconds(3600)
                return (state.due(at: now), wait, state.isClosed)
            }
            if isClosed { return nil }
            if let source { return source }
            _ = state.wait(until: wait) { $0.isClosed || $0.due(at: .now()) != nil }
        }
    }

    func succeed(_ source: KeySource, at now: Instant) {
        fetchedCount.add(1, ordering: .relaxed)
        state.withLock { $0.schedules[source]?.succeed(at: now) }
    }

    /// Returns after how long it is tried again.
    func fail(_ source: KeySource, at now: Instant) -> Duration {
        failedCount.add(1, ordering: .relaxed)
        return state.withLock { $0.schedules[source]?.fail(at: now) ?? .zero }
    }

    func close() {
        state.withLock { $0.isClosed = true }
    }
}
