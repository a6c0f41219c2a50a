import Primitives

/// What readers do: come, read, ask for more or less, leave, and come back with any cursor they ever had.
@testable import Broker

extension World {
    func act(_ number: Int) throws {
        if readers[number].isPoll {
            if chance(readers[number].diligence) { try poll(number) }
        } else if readers[number].id == nil {
            if chance(40) { try connect(number) }
        } else {
            if try lingers(number) { return try drain(number) }
            if try leaveIfOverfull(number) { return }
            if chance(readers[number].diligence) { try drain(number) }
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<5: try subscribeMore(number)
            case 5..<9: try unsubscribe(number)
            case 9..<14: disconnect(number)
            default: break
            }
        }
    }

    // MARK: Connections

    private func connect(_ number: Int) throws {
        let handed = pickCursor(number)
        let wanted = handed?.patterns ?? pickPatterns()
        let cursor = presented(handed)
        readers[number].replica = Int.random(in: 0..<replicas.count, using: &random)
        let replica = replicas[readers[number].replica]
        let id = replica.addSubscriber(owner: ReaderKey(connection: UInt32(number), generation: 0))
        readers[number].id = id
        if readers[number].isToldStaleness { replica.tellStaleness(to: id) }
        restore(number, handed)
        let last = pickLast()
        let isResumed = replica.subscribe(
            id, to: try wanted.map { try TopicPattern($0.text) }, after: cursor, last: last)
        note("\(readers[number].name) connects to loop \(readers[number].replica) at \(replica.sequence): ")
        note(
            "  \(wanted.map(\.text)) after \(cursor.map { "\($0.sequence)" } ?? "nothing") last \(last ?? -1)"
        )
        try settle(number, wanted, cursor, last, isResumed)
    }

    private func subscribeMore(_ number: Int) throws {
        guard let id = readers[number].id, readers[number].walk == nil else { return }
        let replica = replicas[readers[number].replica]
        let (wanted, handed) = (pickPatterns(), pickCursor(number))
        // A cursor says something of what was covered when it was handed out, and of nothing else.
        let isFit = wanted.allSatisfy { handed?.patterns.contains($0) ?? false }
        let cursor = isFit ? presented(handed) : nil
        if isFit, let handed {
            for (topic, index) in handed.held where readers[number].coverage[topic] == nil {
                if wanted.contains(where: { $0.covers(truth.topics[topic].name) }) {
                    readers[number].held[topic] = index
                    readers[number].told[topic] = handed.told[topic]
                }
            }
        }
        let last = pickLast()
        let isResumed = replica.subscribe(
            id, to: try wanted.map { try TopicPattern($0.text) }, after: cursor, last: last)
        note(
            "\(readers[number].name) adds \(wanted.map(\.text)) after \(cursor.map { "\($0.sequence)" } ?? "-") last \(last ?? -1)"
        )
        try settle(number, wanted, cursor, last, isResumed)
    }

    /// Checks what became of a subscription and learns it.
    private func settle(
        _ number: Int, _ wanted: [NaivePattern], _ cursor: Cursor?, _ last: Int?, _ isResumed: Bool
    ) throws {
        try checkHonour(number, cursor, isResumed)
        let replica = replicas[readers[number].replica]
        readers[number].cover(
            wanted, after: isResumed ? cursor?.sequence : nil, last: last,
            // With a cursor nothing is left out.
            began: cursor == nil ? replica.sequence : nil, at: replica.sequence, truth)
        readers[number].walk = .covering
        readers[number].liveSequence = nil
        try noticeWalk(number)
        // What it may be vouched for at once must already be true.
        try checkCursor(number)
    }

    private func checkCursor(_ number: Int) throws {
        let replica = replicas[readers[number].replica]
        guard let id = readers[number].id, let cursor = replica.cursor(of: id) else { return }
        batch.removeAll()
        batch.cursor = cursor
        try deliver(number, replica)
    }

    /// Learns that what a reader asked for is carried out, if it is.
    func noticeWalk(_ number: Int) throws {
        let replica = replicas[readers[number].replica]
        guard let id = readers[number].id, let walk = readers[number].walk else { return }
        if replica.isWalking(id) {
            readers[number].hasWalked = true
            return
        }
        // What it was dropping is dropped with the rest.
        if replica.subscribers[id].isOverfull { return }
        readers[number].walk = nil
        switch walk {
        case .covering:
            readers[number].liveSequence = replica.markedSequence
            readers[number].drainsToLive = 0
        case .uncovering(let dropped): readers[number].uncover(dropped, at: replica.sequence, truth)
        }
    }

    private func checkHonour(_ number: Int, _ cursor: Cursor?, _ isResumed: Bool) throws {
        let purged = replicas[readers[number].replica].purgedSequence
        // A cursor makes the loop take what waits, so it knows of every purge and of every epoch.
        if isResumed != cursor.map({ isGood($0) }) ?? false {
            throw readers[number].fault(
                "presented \(cursor?.epoch ?? "")-\(cursor?.sequence ?? 0) and was told resumed \(isResumed); "
                    + "purged up to \(purged)")
        }
    }

    private func unsubscribe(_ number: Int) throws {
        guard let id = readers[number].id, readers[number].walk == nil else { return }
        let dropped =
            chance(15) ? pickPatterns() : readers[number].patterns.filter { _ in chance(40) }
        let replica = replicas[readers[number].replica]
        replica.unsubscribe(id, from: try dropped.map { try TopicPattern($0.text) })
        note("\(readers[number].name) drops \(dropped.map(\.text))")
        readers[number].walk = .uncovering(dropped)
        try noticeWalk(number)
    }

    /// Until it is told so, it may be sent more. Its cursor does not move, and it never becomes live.
    private func lingers(_ number: Int) throws -> Bool {
        let replica = replicas[readers[number].replica]
        guard let id = readers[number].id, replica.subscribers[id].isOverfull, chance(70) else {
            return false
        }
        try noticeWalk(number)
        readers[number].liveSequence = nil
        return true
    }

    /// A reader of more topics than it may cover is told so; what it was vouched for up to then stays true.
    func leaveIfOverfull(_ number: Int) throws -> Bool {
        let replica = replicas[readers[number].replica]
        guard let id = readers[number].id, replica.subscribers[id].isOverfull else { return false }
        if replica.coveredCount(of: id) > coveredLimit {
            throw readers[number].fault("covers \(replica.coveredCount(of: id)) topics")
        }
        note("\(readers[number].name) covers too much")
        try checkCursor(number)
        disconnect(number)
        readers[number].waitStart = nil
        return true
    }

    private func disconnect(_ number: Int) {
        guard let id = readers[number].id else { return }
        note("\(readers[number].name) leaves")
        replicas[readers[number].replica].removeSubscriber(id)
        readers[number].id = nil
        readers[number].walk = nil
        readers[number].liveSequence = nil
    }

    // MARK: Reading

    func drain(_ number: Int) throws {
        guard let id = readers[number].id else { return }
        let replica = replicas[readers[number].replica]
        let hadMarks = replica.hasMarks(id)
        try noticeWalk(number)
        batch.removeAll()
        replica.drain(
            id, byteBudget: readers[number].budget, rounds: readers[number].isOneRound ? .one : .all, at: now,
            into: &batch)
        note(
            "\(readers[number].name) is sent \(batch.entries.count) updates, cursor "
                + "\(batch.cursor.map { "\($0)" } ?? "none") of \(replica.sequence)")
        if hadMarks, batch.isEmpty, replica.hasMarks(id) {
            throw readers[number].fault("lacks something and was sent nothing")
        }
        try deliver(number, replica)
        let slotCount = replica.subscribers[id].coveredCount
        if replica.subscribers[id].markCount > slotCount {
            throw readers[number].fault("has more marks than topics")
        }
        try checkLiveness(number, slotCount)
    }

    /// All that existed has been sent within so many drains, however much is published meanwhile.
    private func checkLiveness(_ number: Int, _ slotCount: Int) throws {
        guard let live = readers[number].liveSequence else { return }
        readers[number].drainsToLive += 1
        if let cursor = batch.cursor, cursor >= live {
            readers[number].liveSequence = nil
        } else if readers[number].drainsToLive > (World.longestLog + 2) * (slotCount + 2) {
            throw readers[number].fault("is not live after \(readers[number].drainsToLive) drains")
        }
    }

    /// One request, or the answer to one that waits.
    func poll(_ number: Int) throws {
        if let id = readers[number].id, let start = readers[number].waitStart {
            if try leaveIfOverfull(number) { return }
            let replica = replicas[readers[number].replica]
            guard replica.hasMarks(id) else { return }
            let patterns = try readers[number].patterns.map { try TopicPattern($0.text) }
            let query = replica.beginPoll(
                of: patterns, after: start, tellingStaleness: readers[number].isToldStaleness,
                byteBudget: readers[number].budget)
            try ask(query, number)
            // What ended before it could be told is a reset.
            if !query.isResumed {
                let wanted = readers[number].patterns
                restore(number, nil)
                readers[number].cover(wanted, after: nil, at: replica.sequence, truth)
            }
            note("\(readers[number].name), which waited since \(start), gets \(batch.entries.count)")
            readers[number].id = nil
            readers[number].waitStart = nil
            try deliver(number, replica)
            replica.removeSubscriber(id)
            return
        }
        let handed = readers[number].cursors.last.flatMap { chance(90) ? $0 : pickCursor(number) }
        let wanted = handed?.patterns ?? pickPatterns()
        let cursor = presented(handed)
        restore(number, handed)
        readers[number].replica = Int.random(in: 0..<replicas.count, using: &random)
        let replica = replicas[readers[number].replica]
        let patterns = try wanted.map { try TopicPattern($0.text) }
        let last = pickLast()
        let query = replica.beginPoll(
            of: patterns, after: cursor, last: last, tellingStaleness: readers[number].isToldStaleness,
            byteBudget: readers[number].budget)
        let isResumed = query.isResumed
        try ask(query, number)
        note(
            "\(readers[number].name) polls \(wanted.map(\.text)) after \(cursor?.sequence ?? 0): "
                + "\(batch.entries.count) up to \(batch.cursor ?? 0), last \(last ?? -1)")
        try checkHonour(number, cursor, isResumed)
        let start = isResumed ? cursor?.sequence : nil
        readers[number].cover(
            wanted, after: start, last: last, began: cursor == nil ? replica.sequence : nil,
            at: replica.sequence, truth)
        try deliver(number, replica)
        guard batch.isEmpty, let start = batch.cursor else { return }
        // Nothing new: it waits as a subscriber.
        let id = replica.addSubscriber(owner: ReaderKey(connection: UInt32(number), generation: 0))
        if readers[number].isToldStaleness { replica.tellStaleness(to: id) }
        replica.cover(id, patterns, after: start)
        readers[number].id = id
        readers[number].waitStart = start
    }

    /// Asks, in portions if the world likes, and leaves the answer in the batch.
    private func ask(_ query: PollQuery, _ number: Int) throws {
        let replica = replicas[readers[number].replica]
        var ration = Ration(steps: portion)
        while !replica.advance(query, &ration) { ration = Ration(steps: portion) }
        batch.removeAll()
        replica.finish(query, at: now, into: &batch)
    }

    private func deliver(_ number: Int, _ replica: BrokerReplica) throws {
        try readers[number].receive(batch, from: replica, truth)
    }

    // MARK: Choices

    private func pickPatterns() -> [NaivePattern] {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            let pool = chance(50) ? World.baseTopics + ["new/n1", "a/n2"] : World.basePatterns
            return NaivePattern(text: pool[Int.random(in: 0..<pool.count, using: &random)])
        }
    }

    /// How many of the updates of logs it wants to see of the past; nil: all.
    private func pickLast() -> Int? {
        chance(60) ? nil : Int.random(in: 0...World.longestLog, using: &random)
    }

    /// Any cursor it was ever handed, most often the last; or none.
    private func pickCursor(_ number: Int) -> SimulatedReader.HandedCursor? {
        if chance(15) { return nil }
        return chance(50)
            ? readers[number].cursors.last : readers[number].cursors.randomElement(using: &random)
    }

    /// The cursor as it is presented: now and then a foreign one, or one from the future.
    private func presented(_ handed: SimulatedReader.HandedCursor?) -> Cursor? {
        guard let handed else { return nil }
        if chance(3) { return Cursor(epoch: Epoch("other"), sequence: handed.sequence) }
        if chance(3) { return Cursor(epoch: Epoch(epoch), sequence: truth.sequence + 1) }
        return Cursor(epoch: Epoch(handed.epoch), sequence: handed.sequence)
    }

    /// What the reader holds when it comes: what it held with that cursor, or newer where it kept on holding it.
    private func restore(_ number: Int, _ handed: SimulatedReader.HandedCursor?) {
        readers[number].coverage = [:]
        readers[number].conflatedBefore = 0
        readers[number].patterns = []
        if let handed, handed.generation == readers[number].generation, chance(50) {
            for topic in readers[number].held.keys
            where !handed.patterns.contains(where: { $0.covers(truth.topics[topic].name) }) {
                readers[number].held[topic] = nil
                readers[number].told[topic] = nil
            }
            return
        }
        readers[number].generation += 1
        readers[number].held = handed?.held ?? [:]
        readers[number].told = handed?.told ?? [:]
    }
}
