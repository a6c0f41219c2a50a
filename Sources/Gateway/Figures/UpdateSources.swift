/// What publishes from inside the process: the feeds that there are at present.
internal import Synchronization

/// Any thread.
package final class UpdateSources: Sendable {
    private struct State {
        var present: [SourceStatistics] = []
        /// What those had published that are gone: a total does not fall.
        var publishedBefore = 0
    }

    private let state = Mutex(State())

    /// Counts from now on the updates of a source called `name`. One that was started anew counts on.
    package func add(_ name: String) -> SourceStatistics {
        state.withLock { state in
            if let source = state.present.first(where: { $0.name == name }) { return source }
            let source = SourceStatistics(name: name)
            state.present.append(source)
            return source
        }
    }

    package func remove(_ name: String) {
        state.withLock { state in
            for source in state.present where source.name == name {
                state.publishedBefore += source.published.now
            }
            state.present.removeAll { $0.name == name }
        }
    }

    var present: [SourceStatistics] { state.withLock { $0.present } }

    /// Updates of all, since the start.
    var publishedCount: Int {
        state.withLock { state in state.present.reduce(state.publishedBefore) { $0 + $1.published.now } }
    }
}
