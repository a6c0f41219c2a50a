/// What connections bring in and what they are sent: one read, one write a turn.
internal import Primitives
internal import Transport

extension GatewayLoop {
    // MARK: Reading

    func read(_ connection: Connection) {
        let kept = connection.unread?.bytes.count ?? 0
        let space = UnsafeMutableBufferPointer(rebasing: scratch[kept..<(kept + Self.readByteCount)])
        switch connection.stream.read(into: space) {
        case .bytes(let count, let holdsMore):
            statistics.receivedBytes.add(count)
            connection.lastReceived = now
            connection.holdsInput = holdsMore
            process(connection, freshCount: count)
            // No poller tells of what the stream holds itself.
            if holdsMore { workLater(connection) }
        case .blocked: break
        case .ended:
            connection.isInputEnded = true
            connection.frontEnd.inputEnded(connection, self)
            settle(connection)
        case .failed: end(connection, .broken)
        }
    }

    /// Hands the front end what waits and what came: `freshCount` bytes in the scratch space, behind the room
    /// for those that wait.
    func process(_ connection: Connection, freshCount: Int) {
        let kept = connection.unread?.bytes.count ?? 0
        if let unread = connection.unread {
            _ = UnsafeMutableBufferPointer(rebasing: scratch[..<kept]).update(from: unread.bytes.unsafeBytes)
            connection.unread = nil
        }
        var rest = UnsafeMutableBufferPointer(rebasing: scratch[..<(kept + freshCount)])
        var isCut = false
        while rest.count > 0, connection.isOpen, connection.endReason == nil, connection.frontEnd.isReading {
            // Few bytes can ask for many: what can't be sent yet must not be made yet.
            isCut = output.count >= Self.outputByteCount
            if isCut { break }
            let frontEnd = connection.frontEnd
            let consumed = frontEnd.received(rest, connection, self)
            rest = UnsafeMutableBufferPointer(rebasing: rest[consumed...])
            if consumed == 0, frontEnd === connection.frontEnd { break }
        }
        if rest.count > 0, connection.isOpen, connection.endReason == nil {
            connection.unread = WaitingBytes(UnsafeBufferPointer(rest).span)
            if isCut { workLater(connection) }
        }
        settle(connection)
    }

    // MARK: Writing

    /// Sends what the front end left in `output`, and waits for what the connection then needs.
    func settle(_ connection: Connection) {
        guard connection.isOpen else {
            output.removeAll()
            return
        }
        if !output.isEmpty { transmit(connection) }
        guard connection.isOpen else { return }
        if connection.unsent == nil, let reason = connection.endReason { finish(connection, reason) }
        guard connection.isOpen else { return }
        updateInterest(connection)
        schedule(connection)
    }

    func transmit(_ connection: Connection) {
        connection.lastSent = now
        if let unsent = connection.unsent {
            unsent.bytes.append(output.bytes)
            output.removeAll()
            return
        }
        statistics.flushes.add()
        switch connection.stream.write(output.unsafeBytes) {
        case .bytes(let count):
            statistics.sentBytes.add(count)
            output.consume(count)
        case .blocked: break
        case .failed:
            // Not a byte of it may be left for the next connection.
            output.removeAll()
            end(connection, .broken)
            return
        }
        if !output.isEmpty { connection.unsent = WaitingBytes(output.bytes) }
        output.removeAll()
    }

    func sendUnsent(_ connection: Connection) {
        guard let unsent = connection.unsent else { return }
        switch connection.stream.write(unsent.bytes.unsafeBytes) {
        case .bytes(let count):
            statistics.sentBytes.add(count)
            unsent.bytes.consume(count)
            connection.lastSent = now
            connection.isStallTold = false
        case .blocked: return
        case .failed:
            end(connection, .broken)
            return
        }
        guard unsent.bytes.isEmpty else { return }
        connection.unsent = nil
        if connection.endReason == nil { connection.frontEnd.flush(connection, self) }
        settle(connection)
        if connection.isOpen, connection.unread != nil || connection.holdsInput { workLater(connection) }
    }

    /// All is sent, and nothing more will be.
    func finish(_ connection: Connection, _ reason: EndReason) {
        guard !connection.isInputEnded, reason != .peer, !(connection.frontEnd is LingeringFrontEnd) else {
            if !(connection.frontEnd is LingeringFrontEnd) { end(connection, reason) }
            return
        }
        connection.stream.endWriting()
        connection.frontEnd.ended(self)
        connection.unread = nil
        connection.frontEnd = LingeringFrontEnd(until: now + intervals.close)
        connection.scheduled = .never
        connection.goodbye = .never
    }

    func updateInterest(_ connection: Connection) {
        let wantsToWrite = connection.unsent != nil
        let isStopped = wantsToWrite || connection.frontEnd.stalledSince != nil
        if isStopped != connection.isStopped {
            connection.isStopped = isStopped
            statistics.stopped.add(isStopped ? 1 : -1)
        }
        let isLingering = connection.frontEnd is LingeringFrontEnd
        let wantsToRead =
            !connection.isInputEnded
            && (isLingering
                || !wantsToWrite && connection.frontEnd.isReading
                    && connection.endReason == nil)
        guard wantsToRead != connection.isWaitingToRead || wantsToWrite != connection.isWaitingToWrite else {
            return
        }
        connection.isWaitingToRead = wantsToRead
        connection.isWaitingToWrite = wantsToWrite
        var interest: Poller.Interest = []
        if wantsToRead { interest.insert(.read) }
        if wantsToWrite { interest.insert(.write) }
        do {
            try kernel.rewatch(connection.stream, token: connection.token, interest)
        } catch {
            end(connection, .broken)
        }
    }
}
