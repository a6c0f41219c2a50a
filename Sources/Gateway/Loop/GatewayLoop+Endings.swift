/// How connections end: at once, after the last byte, or in a drain.
internal import Broker
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

extension GatewayLoop {
    /// Closes at once.
    func end(_ connection: Connection, _ reason: EndReason) {
        guard connection.isOpen else { return }
        // One that lingers has given everything back already.
        if connection.phase != .lingering { connection.frontEnd.ended(work) }
        if connection.phase == .opening, connection.stream.layered != nil { handshakeEnded() }
        connection.phase = .closed
        connection.places = TakenPlaces()
        if connection.hasHoldings { countHeld(by: connection) }
        wheel.cancel(connection.token)
        connections[Int(connection.token)] = nil
        kernel.unwatch(connection.stream)
        if !goodbyes.isEmpty { goodbyes[connection.token] = nil }
        if !work.publishRates.isEmpty { work.publishRates[connection.key] = nil }
        closedKeys.append(connection.key.next)
        work.memory.connectionCount -= 1
        work.listeners[Int(connection.listener)].connectionCount -= 1
        if connection.isSecure { work.memory.secureConnectionCount -= 1 }
        if connection.certificate != nil { work.memory.certifiedConnectionCount -= 1 }
        if connection.surplus != nil { surplusCount -= 1 }
        shared.connectionCount.subtract(1, ordering: .relaxed)
        if connection.facts.contains(.isStopped) { statistics.add(.stopped, -1) }
        shared.drain.remove(watcher: connection)
        statistics.endings[reason]?.value.add()
    }

    /// Closes a connection that broke. One whose peer has vanished is counted as dead.
    func endBroken(_ connection: Connection, by failure: SystemFailure?) {
        guard let failure, failure.isTimeout else { return end(connection, .broken) }
        work.note(
            .dead,
            [
                "transport": .text("\(connection.transport)"),
                "reason": .text("its kernel acknowledges nothing"),
            ])
        end(connection, .dead)
    }

    func beginDrain() {
        guard !isDraining else { return }
        isDraining = true
        for listener in work.listeners.indices { acceptAll(from: listener) }
        isListening = false
        kernel.closeListeners()
        let plan = work.planDrain()
        work.drainPlan = plan
        shared.drain.noteEnd(plan.end)
        for connection in connections {
            guard let connection, connection.isOpen else { continue }
            goodbyes[connection.token] = goodbye(by: plan)
            schedule(connection)
        }
    }

    func goodbye(by plan: DrainPlan) -> Farewell {
        Farewell(.draining, at: work.randomMoment(within: plan.goodbyeTime))
    }

    /// Those who watch the drain have seen its end when nobody else is there, at any loop.
    func endDrainWatchers() {
        guard isDraining, liveConnectionCount > 0 else { return }
        let watcherCount = shared.drain.watcherCount
        guard watcherCount > 0, shared.openCount == watcherCount else { return }
        for connection in connections {
            guard let connection, connection.isOpen, !connection.hasUnsent else { continue }
            end(connection, .drained)
        }
    }
}
