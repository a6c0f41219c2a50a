/// What the kernel has told, in an order in which nobody waits for a crowd.
internal import Broker
internal import Primitives
internal import Transport

/// What the kernel has told of a listener, or of the connection that had the token then.
struct HeldEvent {
    let event: Poller.Event
    let key: ReaderKey?
}

extension GatewayLoop {
    /// A connection that was heard so lately is no stranger.
    private static let acquaintance = Interval(.seconds(2))

    /// Handles what was held and what is `ready`, as far as the time goes. When thousands come back at once, those that were
    /// there all the time come first: else a publisher of one price would stand in line behind all of them.
    func handle(_ ready: [Poller.Event]) {
        guard !ready.isEmpty || !held.isEmpty || !strangers.isEmpty else { return }
        beginShare(Share.events)
        handleHeld()
        let isCrowd = ready.count > crowdCount
        var waitingCount = 0
        for (place, event) in ready.enumerated() {
            let isLate = !held.isEmpty || place > 0 && isShareSpent
            if isCrowd || isLate && isOpening(event), letWait(event) {
                waitingCount += 1
                continue
            }
            if isLate {
                hold(event)
            } else {
                handle(event)
            }
        }
        // While the kernel tells of more and more strangers, somebody else may stand behind them.
        if waitingCount <= ready.count / 2 { handleStrangers() }
    }

    private func handleHeld() {
        for place in 0..<held.count {
            if place > 0, isShareSpent { return }
            guard let next = held.popFirst() else { return }
            handle(next)
        }
    }

    private func handleStrangers() {
        guard !strangers.isEmpty else { return }
        extendShare(Share.strangers)
        for place in 0..<strangers.count {
            if place > 0, isShareSpent { return }
            guard let next = strangers.popFirst() else { return }
            handle(next)
        }
    }

    private func handle(_ held: HeldEvent) {
        guard let key = held.key else { return handle(held.event) }
        guard let connection = connection(of: key) else { return }
        guard connection.facts.contains(.isUnwatched) else { return handle(held.event) }
        connection.facts.remove(.isUnwatched)
        do {
            try kernel.watch(connection.stream, token: connection.token, connection.interest)
        } catch {
            return end(connection, .broken)
        }
        handle(held.event)
    }

    private func handle(_ event: Poller.Event) {
        if let listener = event.listener {
            acceptAll(from: listener)
            return
        }
        guard let connection = connections[Int(event.token)], connection.isOpen else { return }
        if connection.phase == .opening {
            open(connection)
            return
        }
        if connection.hasUnsent, event.allows(connection.writeInterest) { sendUnsent(connection) }
        guard connection.isOpen else { return }
        if !wantsToRead(connection) {
            if event.isHungUp { endBroken(connection, by: connection.stream.brokenBy) }
        } else if event.allows(connection.readInterest) {
            // What was left of the last read comes first; the kernel tells of the rest again.
            if !connection.facts.contains(.isInAgain) || !connection.hasUnread { read(connection) }
        }
    }

    /// Whether the event is of a handshake, which may cost most of a millisecond.
    private func isOpening(_ event: Poller.Event) -> Bool {
        event.listener == nil && connections[Int(event.token)]?.phase == .opening
    }

    private func hold(_ event: Poller.Event) {
        let key = event.listener == nil ? connections[Int(event.token)]?.key : nil
        guard key != nil || event.listener != nil else { return }
        held.append(HeldEvent(event: event, key: key))
    }

    /// Puts off the event of a stranger, or of somebody who is gone. Until it is handled, the kernel is not asked about that
    /// connection, or it would tell of it again and again.
    private func letWait(_ event: Poller.Event) -> Bool {
        guard event.listener == nil, let connection = connections[Int(event.token)],
            connection.phase == .serving || connection.phase == .opening
        else { return false }
        if event.isHungUp {
            // A hang-up is told whatever one asks for.
            kernel.unwatch(connection.stream)
            connection.facts.insert(.isUnwatched)
            strangers.append(HeldEvent(event: event, key: connection.key))
            return true
        }
        guard !connection.hasUnsent,
            connection.phase == .opening || connection.lastReceived == connection.accepted
                || now >= connection.lastReceived + Self.acquaintance
        else { return false }
        do {
            try kernel.rewatch(connection.stream, token: connection.token, [])
        } catch {
            end(connection, .broken)
            return true
        }
        connection.interest = []
        strangers.append(HeldEvent(event: event, key: connection.key))
        return true
    }
}

extension Poller.Event {
    /// Whether something of what was waited for can be tried now.
    fileprivate func allows(_ interest: Poller.Interest) -> Bool {
        interest.contains(.read) && isReadable || interest.contains(.write) && isWritable
    }
}
