/// Ending somebody's connections, some of the loop's in each turn.
internal import Access
internal import Broker
internal import Primitives

/// An order, and how far it is carried out.
struct DisconnectionUnderWay {
    fileprivate let order: Disconnection
    /// The next connection to look at.
    fileprivate var place = 0
    fileprivate var endedCount = 0

    init(_ order: Disconnection) {
        self.order = order
    }
}

extension GatewayLoop {
    /// Goes on with the oldest order.
    func disconnect() {
        guard var underWay = disconnections.popFirst() else { return }
        beginShare(Share.reviews)
        var endedCount = 0
        let isOver = visitConnections(from: &underWay.place) { connection in
            guard underWay.order.concerns(connection, at: control.mailbox) else { return }
            // One that has ended already, and is not closed yet, is nobody's any more.
            if connection.endReason == nil { endedCount += 1 }
            disconnect(connection)
        }
        underWay.endedCount += endedCount
        if isOver {
            underWay.order.report(ended: underWay.endedCount)
        } else {
            disconnections.append(underWay)
        }
    }

    /// A reader is told why it ends. Whoever is not reading has nothing to be told.
    private func disconnect(_ connection: Connection) {
        guard connection.phase == .serving, connection.endReason == nil, connection.reader != nil else {
            return end(connection, .refused)
        }
        connection.frontEnd.endReader(connection.key.stream, because: .revoked, connection, work)
        settle(connection)
    }
}

extension Problem {
    fileprivate static let revoked = unauthenticated("An operator has ended this connection.")
}
