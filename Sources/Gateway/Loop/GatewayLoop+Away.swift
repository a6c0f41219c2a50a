/// That the log has lost what others append, or has it again: readers that asked for signs of life are told soon.
internal import Broker
internal import Primitives

/// How far that is.
struct AwayNotice {
    /// So often at least a loop asks the log, which wakes nobody for it.
    static let interval = Interval(.seconds(1))

    /// What the readers know, or are being told.
    fileprivate var isAway = false
    fileprivate var isUnderWay = false
    fileprivate var place = 0
}

extension GatewayLoop {
    var isTellingWhetherAway: Bool { awayNotice.isUnderWay || awayNotice.isAway != work.isAway }

    /// One sign of life more for each, some of them in each turn. What it says is how things are at that moment.
    func tellWhetherAway() {
        guard isTellingWhetherAway else { return }
        if !awayNotice.isUnderWay {
            awayNotice = AwayNotice(isAway: work.isAway, isUnderWay: true, place: 0)
        }
        beginShare(Share.reviews)
        let isOver = visitConnections(from: &awayNotice.place) { connection in
            // Whoever takes nothing is told when it does.
            guard connection.phase == .serving, connection.endReason == nil, !connection.hasUnsent else {
                return
            }
            connection.frontEnd.awayChanged(connection, work)
            settle(connection)
        }
        if isOver { awayNotice.isUnderWay = false }
    }
}
