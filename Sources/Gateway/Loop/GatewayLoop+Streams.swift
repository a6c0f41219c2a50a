/// Reading from connections and writing to them: one read, one write a turn.
internal import Primitives
internal import Transport

extension GatewayLoop {
    // MARK: Reading

    func read(_ connection: Connection) {
        let kept = connection.unreadByteCount
        let space = UnsafeMutableBufferPointer(rebasing: scratch[kept..<(kept + Self.readByteCount)])
        connection.facts.remove(.holdsInput)
        switch connection.stream.read(into: space) {
        case .bytes(let count, let holdsMore):
            statistics.add(.receivedBytes, count)
            connection.lastReceived = now
            connection.readInterest = .read
            if holdsMore { connection.facts.insert(.holdsInput) }
            process(connection, freshCount: count)
            // No poller reports input that the stream itself holds.
            if holdsMore, connection.isOpen { workLater(connection) }
        case .blocked(let interest):
            connection.readInterest = interest
            updateInterest(connection)
        case .ended:
            connection.facts.insert(.inputEnded)
            guard connection.phase == .serving else {
                return end(connection, connection.endReason ?? .finished)
            }
            connection.frontEnd.inputEnded(connection, work)
            settle(connection)
        case .failed(let failure): endBroken(connection, by: failure)
        }
    }

    /// Hands the front end the bytes that waited and those that came: `freshCount` bytes in the scratch space, behind the room
    /// for those that wait.
    func process(_ connection: Connection, freshCount: Int) {
        // A peer that has its last answer is read over.
        guard connection.phase == .serving else { return updateInterest(connection) }
        let kept = connection.unreadByteCount
        connection.takeUnread(into: UnsafeMutableBufferPointer(rebasing: scratch[..<kept]))
        var rest = UnsafeMutableBufferPointer(rebasing: scratch[..<(kept + freshCount)])
        var isCut = false
        var uncheckedCount = 0
        var uncheckedByteCount = 0
        while rest.count > 0, connection.endReason == nil, work.actions.end == nil,
            connection.frontEnd.isReading
        {
            // Few bytes can ask for many answers. Those that can't be sent yet must not be made yet; and others have to come.
            isCut = work.output.count >= Self.outputByteCount
            if uncheckedCount >= 8 || uncheckedByteCount >= 4096 {
                isCut = isCut || isShareSpent
                (uncheckedCount, uncheckedByteCount) = (0, 0)
            }
            if isCut { break }
            let consumed = connection.frontEnd.received(rest, connection, work)
            uncheckedCount += 1
            uncheckedByteCount += consumed
            rest = UnsafeMutableBufferPointer(rebasing: rest[consumed...])
            if !takeSuccessor(of: connection), consumed == 0 { break }
        }
        if rest.count > 0, connection.endReason == nil, work.actions.end == nil {
            connection.keepUnread(UnsafeBufferPointer(rest))
            if isCut { workLater(connection) }
        }
        settle(connection, mayHoldMore: true)
    }

    /// Whether the front end has named one that takes its place.
    @discardableResult
    func takeSuccessor(of connection: Connection) -> Bool {
        guard let successor = work.actions.successor else { return false }
        connection.frontEnd = successor
        work.actions.successor = nil
        return true
    }

    // MARK: Writing

    /// Performs what the front end's step left: sends its output, does what it wants done, and waits for what the connection
    /// then needs. `mayHoldMore` says that the front end may have come to hold something.
    func settle(_ connection: Connection, mayHoldMore: Bool = false) {
        let isCounted = mayHoldMore || work.actions.comesBack
        if !work.actions.isNothing { perform(work.takeActions(), for: connection) }
        guard connection.isOpen else {
            // Not a byte of it may be left for the next connection.
            work.output.removeAll()
            return
        }
        if !work.output.isEmpty { transmit(connection) }
        guard connection.isOpen else { return }
        if !connection.hasUnsent, let reason = connection.endReason { finish(connection, reason) }
        guard connection.isOpen else { return }
        updateInterest(connection)
        schedule(connection)
        if isCounted || connection.hasHoldings { countHeld(by: connection) }
    }

    private func perform(_ actions: Actions, for connection: Connection) {
        if let reason = actions.end { return end(connection, reason) }
        if actions.comesBack { workLater(connection) }
        if actions.tellsOfStall { noteStall(of: connection) }
    }

    private func transmit(_ connection: Connection) {
        connection.lastSent = now
        if connection.hasUnsent {
            connection.keepUnsent(work.output.unsafeBytes)
            work.output.removeAll()
            return
        }
        statistics.add(.sends)
        switch connection.stream.write(work.output.unsafeBytes) {
        case .bytes(let count):
            statistics.add(.sentBytes, count)
            work.output.consume(count)
            connection.writeInterest = .write
        case .blocked(let interest): connection.writeInterest = interest
        case .failed(let failure):
            work.output.removeAll()
            endBroken(connection, by: failure)
            return
        }
        if !work.output.isEmpty { connection.keepUnsent(work.output.unsafeBytes) }
        work.output.removeAll()
    }

    func sendUnsent(_ connection: Connection) {
        var outcome = ByteStream.WriteOutcome.bytes(0)
        connection.consumeUnsent { bytes in
            outcome = connection.stream.write(bytes)
            if case .bytes(let count) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes(let count):
            statistics.add(.sentBytes, count)
            connection.writeInterest = .write
            connection.lastSent = now
            connection.facts.remove(.isStallTold)
        case .blocked(let interest):
            connection.writeInterest = interest
            updateInterest(connection)
            return
        case .failed(let failure):
            endBroken(connection, by: failure)
            return
        }
        guard !connection.hasUnsent else { return updateInterest(connection) }
        // The marks and the input that waited meanwhile come when the events of this turn are done.
        if connection.endReason == nil { workLater(connection) }
        settle(connection)
    }

    /// All is sent, and nothing more will be.
    private func finish(_ connection: Connection, _ reason: EndReason) {
        guard connection.phase == .serving else { return }
        guard !connection.facts.contains(.inputEnded), reason != .peer else { return end(connection, reason) }
        connection.stream.endWriting()
        connection.frontEnd.ended(work)
        connection.dropUnread()
        connection.phase = .lingering
        connection.lastSent = now
        if !goodbyes.isEmpty { goodbyes[connection.token] = nil }
    }

    // MARK: Waiting

    func wantsToRead(_ connection: Connection) -> Bool {
        guard !connection.facts.contains(.inputEnded) else { return false }
        switch connection.phase {
        case .opening, .closed: return false
        case .lingering: return true
        case .serving:
            return !connection.hasUnsent && connection.endReason == nil && connection.frontEnd.isReading
        }
    }

    func updateInterest(_ connection: Connection) {
        let isStopped = connection.hasUnsent || connection.facts.contains(.isFull)
        if isStopped != connection.facts.contains(.isStopped) {
            connection.facts.formSymmetricDifference(.isStopped)
            statistics.add(.stopped, isStopped ? 1 : -1)
        }
        // Bits, because a set made from a literal costs more than the rest of this step, and nearly always nothing changes.
        let isReading = connection.phase == .opening || wantsToRead(connection)
        let bits =
            (isReading ? connection.readInterest.rawValue : 0)
            | (connection.hasUnsent ? connection.writeInterest.rawValue : 0)
        guard bits != connection.interest.rawValue else { return }
        let interest = Poller.Interest(rawValue: bits)
        connection.interest = interest
        if connection.facts.contains(.isUnwatched) { return }
        do {
            try kernel.rewatch(connection.stream, token: connection.token, interest)
        } catch {
            end(connection, .broken)
        }
    }
}
