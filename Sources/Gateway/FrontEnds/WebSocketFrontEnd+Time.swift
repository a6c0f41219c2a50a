/// What a WebSocket connection does by the clock: heartbeats, pings, paces, and the end of those who are dead.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport
internal import WebSocket

extension WebSocketFrontEnd {
    func deadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant {
        guard closing.maySend else { return closeDeadline(connection, loop) }
        if let since = receipts.fullSince {
            let stall = connection.isStallTold ? loop.intervals.send : loop.intervals.stall
            return min(since + stall, heartbeatDeadline)
        }
        let liveness = pongDue == .never ? connection.lastReceived + loop.intervals.ping : pongDue
        return min(min(liveness, session.flushDeadline(loop)), heartbeatDeadline)
    }

    /// Nothing is sent behind the close frame, so the time of the last sending is when its last byte left. Counted from
    /// its making, a slow reader would be cut off before it had read that far.
    private func closeDeadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant {
        connection.lastSent + loop.intervals.close
    }

    private var heartbeatDeadline: Instant {
        session.heartbeat > 0 ? lastSeen + .seconds(Int(session.heartbeat)) : .never
    }

    func deadlineCame(_ connection: Connection, _ loop: GatewayLoop) {
        guard closing.maySend else {
            if loop.now >= closeDeadline(connection, loop) { loop.end(connection, ending ?? .timeout) }
            return
        }
        if let since = receipts.fullSince {
            lookAfterStalled(since: since, connection, loop)
        } else {
            lookAfterSilent(connection, loop)
        }
        guard closing.maySend else { return }
        if loop.now >= session.flushDeadline(loop) { flush(connection, loop) }
        if loop.now >= heartbeatDeadline {
            lastSeen = loop.now
            loop.appendMessage("heartbeat", id: nil) { output in
                output.append(",\"time\":")
                output.append(decimal: loop.time.milliseconds)
                let cursor = loop.replica.cursor(of: session.subscriber)
                output.append(cursorMember: cursor, prefix: loop.cursorPrefix)
            }
        }
    }

    /// The ping that it has not come to yet is what it is waited for: as long as for one whose socket is full.
    private func lookAfterStalled(since: Instant, _ connection: Connection, _ loop: GatewayLoop) {
        if loop.now >= since + loop.intervals.send {
            endDead("it read nothing", connection, loop)
        } else if !connection.isStallTold, loop.now >= since + loop.intervals.stall {
            loop.noteStall(of: connection)
        }
    }

    private func lookAfterSilent(_ connection: Connection, _ loop: GatewayLoop) {
        if loop.now >= pongDue, !isStillReading(connection, loop) {
            endDead("no answer to a ping", connection, loop)
        } else if pongDue == .never, loop.now >= connection.lastReceived + loop.intervals.ping {
            pongDue = loop.now + loop.intervals.pong
            // A client may answer the last of several pings only (RFC 6455 §5.5.3): its answer stands for all before it.
            appendPing(asking: receipts.isAwaited, loop)
        }
    }

    private func endDead(_ reason: String, _ connection: Connection, _ loop: GatewayLoop) {
        perform(closing.close(with: .internalError), reason: reason, .dead, connection, loop)
        loop.note(.dead, ["peer": .text(connection.stream.peer), "reason": .text(reason)])
    }

    /// A slow reader comes to the ping when it has read what stands before it. As long as its kernel acknowledges, which
    /// it does when room is made in its buffer, it is waited for, but no longer than for one that takes nothing.
    private func isStillReading(_ connection: Connection, _ loop: GatewayLoop) -> Bool {
        let quiet = connection.stream.sinceAcknowledgement
        let timeout = loop.configuration.subscribers.pongTimeout
        let pinged = connection.lastReceived + loop.intervals.ping
        guard quiet < timeout, loop.now < pinged + loop.intervals.send else { return false }
        pongDue = loop.now + (timeout - quiet)
        return true
    }
}
