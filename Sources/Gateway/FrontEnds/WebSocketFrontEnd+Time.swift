/// What a WebSocket connection does by the clock: heartbeats, pings, paces, and the end of a dead reader.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport
internal import WebSocket

extension WebSocketFrontEnd {
    func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
        guard end.maySend else { return end.closeDeadline(connection, work) }
        return min(
            min(
                standing.deadline(of: connection.principal),
                commands?.awaited.map { work.deadline(of: $0) } ?? .never),
            readerDeadline(connection, work))
    }

    private func readerDeadline(_ connection: Connection, _ work: Workspace) -> Instant {
        if let since = receipts.fullSince {
            let stall = connection.facts.contains(.isStallTold) ? work.intervals.send : work.intervals.stall
            return min(min(since + stall, heartbeatDeadline), publicationDeadline(work))
        }
        // A peer that is not listened to can give no sign of life.
        let liveness =
            !isReading ? .never : pongDue == .never ? connection.lastReceived + work.intervals.ping : pongDue
        return min(
            min(liveness, isReading ? end.messageDeadline(work) : .never),
            min(session.flushDeadline(work), min(heartbeatDeadline, publicationDeadline(work))))
    }

    private func publicationDeadline(_ work: Workspace) -> Instant {
        publications?.deadline(after: work.configuration.publishers.outcomeTimeout) ?? .never
    }

    private var heartbeatDeadline: Instant {
        session.heartbeat > 0 ? lastSeen + .seconds(Int(session.heartbeat)) : .never
    }

    func deadlineCame(_ connection: Connection, _ work: Workspace) {
        guard end.maySend else {
            if work.now >= end.closeDeadline(connection, work) { work.actions.end = end.ending ?? .timeout }
            return
        }
        lookAfterStanding(connection, work)
        guard end.maySend else { return }
        if let since = receipts.fullSince {
            lookAfterStalled(since: since, connection, work)
        } else {
            lookAfterSilent(connection, work)
            if isReading { end.refuseSlowMessage(connection, work) }
        }
        guard end.maySend else { return }
        if commands?.awaited != nil { carryOn(connection, work) }
        if publications != nil { giveUpPublications(connection, work) }
        if work.now >= session.flushDeadline(work) {
            flush(stream: 0, budget: work.configuration.subscribers.flushByteCount, connection, work)
        }
        if work.now >= heartbeatDeadline { appendHeartbeat(work) }
    }

    private func appendHeartbeat(_ work: Workspace) {
        lastSeen = work.now
        work.appendMessage("heartbeat", id: nil) { output in
            output.append(",\"time\":")
            output.append(decimal: work.time.milliseconds)
            // Whoever waits with a cursor holds what that says, and no less.
            let cursor = commands?.awaited == nil ? session.replica.cursor(of: session.subscriber) : nil
            output.append(cursorMember: cursor, of: session.replica)
            output.append(awayMember: work.isAway)
        }
    }

    func awayChanged(_ connection: Connection, _ work: Workspace) {
        if end.maySend, session.heartbeat > 0 { appendHeartbeat(work) }
    }

    /// The reader has not come to a ping yet. The gateway waits for its answer as long as for a full socket.
    private func lookAfterStalled(since: Instant, _ connection: Connection, _ work: Workspace) {
        if work.now >= since + work.intervals.send {
            endDead("it read nothing", connection, work)
        } else if !connection.facts.contains(.isStallTold), work.now >= since + work.intervals.stall {
            work.actions.tellsOfStall = true
        }
    }

    private func lookAfterSilent(_ connection: Connection, _ work: Workspace) {
        guard isReading else { return }
        if work.now >= pongDue, !isStillReading(connection, work) {
            endDead("no answer to a ping", connection, work)
        } else if pongDue == .never, work.now >= connection.lastReceived + work.intervals.ping {
            pongDue = work.now + work.intervals.pong
            // A client may answer the last of several pings only (RFC 6455 §5.5.3): its answer stands for all before it.
            appendPing(asking: receipts.isAwaited, work)
        }
    }

    private func endDead(_ reason: String, _ connection: Connection, _ work: Workspace) {
        end.close(with: .internalError, reason: reason, .dead, connection, work)
        work.note(.dead, ["peer": .text(connection.peer), "reason": .text(reason)])
    }

    /// A slow reader comes to the ping when it has read what stands before it. As long as its kernel acknowledges, which
    /// it does when room is made in its buffer, it is waited for, but no longer than for one that takes nothing.
    private func isStillReading(_ connection: Connection, _ work: Workspace) -> Bool {
        let quiet = connection.stream.sinceAcknowledgement
        let timeout = work.configuration.subscribers.pongTimeout
        let pinged = connection.lastReceived + work.intervals.ping
        guard quiet < timeout, work.now < pinged + work.intervals.send else { return false }
        pongDue = work.now + (timeout - quiet)
        return true
    }
}
