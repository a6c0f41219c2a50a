/// Taking connections in, or telling them that they can't be had.
internal import HTTP
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

extension GatewayLoop {
    func acceptAll(from listener: Int) {
        guard isListening else { return }
        for _ in 0..<Self.acceptLimit {
            switch kernel.accept(from: listener) {
            case .none: return
            case .connection(let stream): admit(stream)
            case .exhausted(let failure):
                turnAway(from: listener, because: failure)
                return
            }
        }
    }

    /// Tells all who wait that they can't be had, as long as there is a descriptor to say it with.
    func turnAway(from listener: Int, because failure: SystemFailure) {
        note(.turnedAway, ["reason": .text("\(failure)")])
        let answer = HTTPFrontEnd.overloadedAnswer(time)
        for _ in 0..<Self.acceptLimit {
            switch kernel.turnAway(from: listener, with: answer.span) {
            case .turnedAway: statistics.turnedAway.add()
            case .nobodyWaits: return
            case .impossible:
                pauseAccepting()
                return
            }
        }
    }

    /// The kernel would tell of the waiting ones again and again, and nothing could be done about them.
    func pauseAccepting() {
        acceptingAgain = now + Self.acceptPause
        tellOfListeners(false)
    }

    func resumeAccepting() {
        acceptingAgain = .never
        tellOfListeners(true)
    }

    func tellOfListeners(_ isWanted: Bool) {
        do {
            try kernel.tellOfListeners(isWanted)
        } catch {
            shared.log.error("the listener can't be watched", ["reason": .text("\(error)")])
        }
    }

    func admit(_ stream: consuming ByteStream) {
        guard shared.connectionCount.load(ordering: .relaxed) < shared.connectionLimit else {
            note(.turnedAway, ["reason": .text("all \(shared.connectionLimit) connections are taken")])
            statistics.turnedAway.add()
            let answer = HTTPFrontEnd.overloadedAnswer(time)
            answer.withUnsafeBufferPointer { _ = stream.write($0) }
            return
        }
        let token = freeTokens.popLast() ?? UInt32(connections.count)
        if Int(token) == connections.count { connections.append(nil) }
        let connection = Connection(token: token, stream: stream, frontEnd: HTTPFrontEnd(), now: now)
        do {
            try kernel.watch(connection.stream, token: token, .read)
        } catch {
            // Out of kernel memory for the watch: the connection closes with its object.
            freeTokens.append(token)
            return
        }
        connections[Int(token)] = connection
        liveConnectionCount += 1
        shared.connectionCount.add(1, ordering: .relaxed)
        statistics.opened.add()
        if isDraining { connection.goodbye = randomMoment(within: configuration.drain.spread) }
        schedule(connection)
    }
}
