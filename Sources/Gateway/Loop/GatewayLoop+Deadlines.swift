/// A loop's work by the clock.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport

extension GatewayLoop {
    /// How long one is left in peace that was asked to go while the gateway stays, in the middle of a request.
    private static let lifeStep = Interval(.seconds(1))

    /// Makes sure that the wheel calls no later than the front end wants. A deadline that moves away moves
    /// nothing here: the wheel calls, the connection looks, and is set anew.
    func schedule(_ connection: Connection) {
        let deadline = nextDeadline(connection)
        if deadline != .never { wheel.schedule(connection.token, noLaterThan: deadline) }
    }

    private func nextDeadline(_ connection: Connection) -> Instant {
        isDraining || !goodbyes.isEmpty
            ? min(ownDeadline(connection), min(goodbyes[connection.token]?.moment ?? .never, cutAt))
            : ownDeadline(connection)
    }

    private func ownDeadline(_ connection: Connection) -> Instant {
        switch connection.phase {
        case .opening: connection.accepted + intervals.handshake
        case .lingering: connection.lastSent + intervals.close
        case .serving where !connection.hasUnsent: connection.frontEnd.deadline(connection, work)
        case .serving:
            connection.lastSent + (connection.facts.contains(.isStallTold) ? intervals.send : intervals.stall)
        case .closed: .never
        }
    }

    /// When a topic has to be ended, or called stale. Whichever loop is the first to see it does it for all.
    var nextTopicExpiry: Instant {
        shared.isSequencerTheLog ? shared.sequencer.nextExpiry : .never
    }

    func expireTopics() {
        if now >= nextTopicExpiry { shared.sequencer.expire(time: work.time, at: now) }
    }

    func expireDeadlines() {
        wheel.expire(now: now, into: &expired)
        due.append(contentsOf: expired)
        expired.removeAll(keepingCapacity: true)
        guard !due.isEmpty else { return }
        beginShare(Share.deadlines)
        for place in 0..<due.count {
            if place & 3 == 3, isShareSpent { return }
            guard let token = due.popFirst() else { return }
            guard let connection = connections[Int(token)], connection.isOpen else { continue }
            if now >= cutAt {
                end(connection, .drained)
            } else if let farewell = goodbyes[token], now >= farewell.moment {
                goodbyes[token] = nil
                say(farewell.reason, to: connection)
            } else {
                lookAfter(connection)
            }
            settle(connection)
        }
    }

    /// When a new connection is asked to go, were it only for its age: between half of its life and all of it, so that those
    /// who came together do not come back together.
    func goodbyeForAge() -> Farewell? {
        let life = configuration.subscribers.life
        return life > .zero ? Farewell(.life, at: work.randomMoment(within: life / 2) + life / 2) : nil
    }

    private func say(_ goodbye: Goodbye, to connection: Connection) {
        if case .replaced = goodbye { return sendOff(connection) }
        guard !connection.facts.contains(.watchesDrain) else {
            // It may come to serve somebody else.
            goodbyes[connection.token] = Farewell(goodbye, at: now + Self.lifeStep)
            return
        }
        work.goodbye = goodbye
        switch connection.phase {
        case .serving: connection.frontEnd.sayGoodbye(connection, work)
        case .opening, .lingering: end(connection, work.goodbye.ending)
        case .closed: break
        }
        // One that could not go at once, in the middle of a request, is asked again.
        if !isDraining, connection.isOpen, connection.endReason == nil {
            goodbyes[connection.token] = Farewell(goodbye, at: now + Self.lifeStep)
        }
    }

    private func lookAfter(_ connection: Connection) {
        switch connection.phase {
        case .serving where !connection.hasUnsent: connection.frontEnd.deadlineCame(connection, work)
        case .serving: lookAfterStalled(connection)
        case .opening:
            guard now >= ownDeadline(connection) else { return }
            if connection.proxyHeader != nil {
                end(connection, .timeout)
            } else {
                handshakeFailed(connection, because: HandshakeFailure(.timeout))
            }
        case .lingering:
            if now >= ownDeadline(connection) { end(connection, connection.endReason ?? .finished) }
        case .closed: break
        }
    }

    /// A slow reader is never cut. One that takes nothing at all for `sendTimeout` is dead.
    private func lookAfterStalled(_ connection: Connection) {
        if now >= connection.lastSent + intervals.send {
            work.note(.dead, stallFields(connection))
            end(connection, .dead)
        } else if now >= connection.lastSent + intervals.stall, !connection.facts.contains(.isStallTold) {
            noteStall(of: connection)
        }
    }

    /// Says once that a reader takes nothing.
    func noteStall(of connection: Connection) {
        connection.facts.insert(.isStallTold)
        work.note(.stalled, stallFields(connection))
    }

    /// How long the loop has drained nothing for it, because its socket is full or it has not read what it was sent.
    func stall(of connection: Connection) -> Duration {
        let since = connection.hasUnsent ? connection.lastSent : connection.stalledSince
        return since.map { now.since($0) } ?? .zero
    }

    private func stallFields(_ connection: Connection) -> KeyValuePairs<String, Log.Field> {
        let conflated = connection.reader?.conflated ?? 0
        return [
            "peer": .text(connection.peer),
            "transport": .text("\(connection.transport)"),
            "seconds": .number(stall(of: connection).inSeconds.rounded()),
            "bytesPending": .integer(connection.unsentByteCount + connection.stream.unsentByteCount),
            "conflated": .integer(Int(conflated)),
        ]
    }
}
