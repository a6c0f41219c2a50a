/// What happens by the clock.
internal import Primitives
internal import Transport

extension GatewayLoop {
    /// Makes sure that the wheel calls no later than the front end wants. A deadline that moves away moves
    /// nothing here: the wheel calls, the connection looks, and is set anew.
    func schedule(_ connection: Connection) {
        let deadline = nextDeadline(connection)
        guard deadline < connection.scheduled else { return }
        connection.scheduled = deadline
        wheel.schedule(connection.token, at: deadline)
    }

    func nextDeadline(_ connection: Connection) -> Instant {
        let own =
            connection.unsent.isEmpty || connection.frontEnd is LingeringFrontEnd
            ? connection.frontEnd.deadline(connection, self)
            : connection.lastSent + intervals.send
        return min(own, min(connection.goodbye, cutAt))
    }

    func expireDeadlines() {
        due.removeAll(keepingCapacity: true)
        wheel.expire(now: now, into: &due)
        for token in due {
            guard let connection = connections[Int(token)], connection.isOpen else { continue }
            connection.scheduled = .never
            if now >= cutAt {
                end(connection, .drained)
            } else if now >= connection.goodbye {
                connection.goodbye = .never
                connection.frontEnd.sayGoodbye(connection, self)
            } else if connection.unsent.isEmpty || connection.frontEnd is LingeringFrontEnd {
                connection.frontEnd.deadlineCame(connection, self)
            } else if now >= connection.lastSent + intervals.send {
                shared.log.info(
                    "a reader took nothing and was closed",
                    [
                        "peer": .text(connection.stream.peer),
                        "bytesPending": .integer(connection.unsent.count),
                    ])
                end(connection, .timeout)
            }
            settle(connection)
        }
    }
}
