/// The account of what the loop holds for its clients, and the end of readers for which there is no memory.
internal import Broker

extension GatewayLoop {
    /// Brings the account up to date with what the connection holds. Nearly all hold nothing.
    func countHeld(by connection: Connection) {
        guard connection.hasHoldings || connection.frontEnd.heldByteCount > 0 else { return }
        let (before, now) = connection.countHeld()
        if now != before { work.memory.change(from: before, to: now) }
    }

    /// Ends the readers that were to cover more than they may.
    func endOverfull() {
        guard replica.hasOverfull else { return }
        beginShare(Share.walks)
        while let subscriber = replica.takeOverfull() {
            let key = replica.owner(of: subscriber)
            if let connection = connection(of: key), connection.phase == .serving {
                connection.frontEnd.endReader(
                    key.stream, because: work.problemOfOverfull(subscriber), connection, work)
                settle(connection)
            }
            if isShareSpent { return }
        }
    }

    /// Bytes that all connections hold, asked one by one, and what the account says: the same between two turns.
    package var heldByteCounts: (asked: Int, counted: Int) {
        let asked = connections.reduce(0) { sum, connection in
            guard let held = connection?.held else { return sum }
            return sum + held.requests + held.answers
        }
        return (asked, work.memory.held.requests + work.memory.held.answers)
    }

    /// The loop's share of `memory.clientBytes`.
    package var clientByteLimit: Int {
        get { work.memory.limit }
        set {
            work.bound(memory: newValue)
            work.weighMemory(readers: work.readerByteCount)
        }
    }
}
