/// After a reload each connection is asked, some of them in each turn, whether it may go on.
internal import Access
internal import Primitives

/// How far that is.
struct Review {
    fileprivate var place = 0
    fileprivate var leftCount = 0

    var isUnderWay: Bool { leftCount > 0 }
}

extension GatewayLoop {
    /// Connections that are looked at in a turn.
    private static let reviewStep = 512

    /// Goes by other settings from now on. A review that is under way goes on from where it is, and all the way round: so each
    /// connection's turn comes, however often the settings change.
    func take(_ configuration: GatewayConfiguration) {
        work.take(configuration)
        handshakes.limit = configuration.handshakes.limit
        flushDelay.change(longest: configuration.subscribers.flushInterval)
        review.leftCount = connections.count
    }

    func reviewConnections() {
        guard review.isUnderWay else { return }
        beginShare(Share.reviews)
        for step in 0..<min(review.leftCount, Self.reviewStep) {
            if step & 3 == 3, isShareSpent { return }
            review.leftCount -= 1
            if review.place >= connections.count { review.place = 0 }
            let connection = connections[review.place]
            review.place += 1
            if let connection, connection.isOpen { look(at: connection) }
        }
    }

    /// Puts in the place of the connection's principal who that is under the present settings.
    private func look(at connection: Connection) {
        let former = connection.principal
        guard !former.isWithdrawn, connection.endReason == nil else { return }
        let successor = work.succession.successor(
            of: former, from: { connection.address }, at: work.time, now)
        if let successor, former.rights.isNothing || !successor.rights.isNothing {
            connection.principal = successor
        } else {
            work.withdraw(connection)
        }
        guard connection.phase == .serving else { return }
        if !connection.principal.isWithdrawn { connection.frontEnd.principalChanged(connection, work) }
        settle(connection)
    }
}
