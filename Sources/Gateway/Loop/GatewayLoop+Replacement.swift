/// After the state was replaced: its readers are sent off, some in each turn, and then it is taken apart.
internal import Broker
internal import Primitives

/// How far that is.
struct SendOff {
    /// Of how many replacements all readers know when they will be told.
    fileprivate var replacementCount = 0
    fileprivate var place = 0
}

extension GatewayLoop {
    /// Whether a turn has something to do about a state that was replaced.
    var isSendingOff: Bool {
        replica.isReplaced || sendOff.replacementCount != work.replacementCount
            || work.firstUnreadReplica != nil
    }

    /// Appoints when readers of a former state are told goodbye, and lets go of what nobody reads any more.
    func sendOffReaders() {
        guard isSendingOff else { return }
        beginShare(Share.reviews)
        if sendOff.replacementCount != work.replacementCount {
            let spread = work.returnSpread
            // One that comes meanwhile reads the present state.
            let isOver = visitConnections(from: &sendOff.place) { appoint($0, within: spread) }
            guard isOver else { return }
            sendOff.place = 0
            sendOff.replacementCount += 1
        }
        takeFormersApart()
    }

    private func appoint(_ connection: Connection, within spread: Duration) {
        guard isReplaced(connection) else { return }
        let farewell = Farewell(.replaced, at: work.randomMoment(within: spread))
        guard farewell.moment < goodbyes[connection.token]?.moment ?? .never else { return }
        goodbyes[connection.token] = farewell
        schedule(connection)
    }

    private func isReplaced(_ connection: Connection) -> Bool {
        guard connection.phase == .serving, connection.endReason == nil else { return false }
        return connection.frontEnd.isReplaced(connection, work)
    }

    /// Says goodbye to one who still reads a former state.
    func sendOff(_ connection: Connection) {
        guard isReplaced(connection) else { return }
        work.goodbye = .replaced
        connection.frontEnd.sayGoodbye(connection, work)
        // A poll is answered, and what it came by stays; as long as that, from now on, may last.
        if connection.isOpen, connection.endReason == nil { goodbyes[connection.token] = goodbyeForAge() }
    }

    private func takeFormersApart() {
        for _ in 0..<Self.rationLimit {
            guard let unread = work.firstUnreadReplica else { return }
            var ration = Ration(steps: Self.rationSteps)
            if work.formerReplicas[unread].takeApart(&ration) { work.formerReplicas.remove(at: unread) }
            if isShareSpent { return }
        }
    }
}

extension Workspace {
    /// The place of the first former replica that nobody reads any more: whoever reads one holds it.
    fileprivate var firstUnreadReplica: Int? {
        formerReplicas.indices.first { isKnownUniquelyReferenced(&formerReplicas[$0]) }
    }
}
