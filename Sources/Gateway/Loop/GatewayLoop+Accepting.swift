/// Taking connections in, or refusing them.
internal import Access
internal import Broker
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

extension GatewayLoop {
    /// Connections accepted in one turn.
    private static let acceptLimit = 256
    /// Accepting goes on after so long at the earliest, in portions where that is needed.
    private static let acceptPauseFloor = Duration.milliseconds(1)
    /// How long nobody is accepted when there is not even a descriptor to refuse with.
    static let acceptPause = Interval(.milliseconds(100))

    func acceptAll(from listener: Int) {
        guard isListening, work.listeners[listener].isOpen else { return }
        for place in 0..<Self.acceptLimit {
            // The kernel tells of the others again.
            if place & 7 == 7, isShareSpent { return }
            if isSecure(listener), !hasRoomForHandshake() {
                return pauseAccepting(from: listener, for: Handshakes.patience)
            }
            if let wait = work.waitToAccept() {
                return pauseAccepting(from: listener, for: Interval(max(wait, Self.acceptPauseFloor)))
            }
            switch kernel.accept(from: listener) {
            case .none: return
            case .connection(let stream):
                work.countAccepted()
                admit(stream, at: listener)
            case .exhausted(let failure):
                turnAway(from: listener, because: failure)
                return
            }
        }
    }

    /// Refuses all that wait, as long as there is a descriptor to do it with.
    private func turnAway(from listener: Int, because failure: SystemFailure) {
        work.note(.turnedAway, ["reason": .text("\(failure)")])
        let answer = work.listeners[listener].address.endpoint.farewell(from: work)
        for _ in 0..<Self.acceptLimit {
            switch kernel.turnAway(from: listener, with: answer.span) {
            case .turnedAway: statistics.add(.turnedAway)
            case .nobodyWaits: return
            case .impossible:
                // The kernel would report the waiting ones again and again, and the loop could do nothing about them.
                for listener in work.listeners.indices where work.listeners[listener].isOpen {
                    pauseAccepting(from: listener, for: Self.acceptPause)
                }
                return
            }
        }
    }

    private func pauseAccepting(from listener: Int, for interval: Interval) {
        acceptingAgain[listener] = now + interval
        tell(ofListener: listener, false)
    }

    /// Goes on with the listeners whose pause is over.
    func resumeAccepting() {
        for listener in acceptingAgain.indices where now >= acceptingAgain[listener] {
            resumeAccepting(from: listener)
        }
    }

    func resumeAccepting(from listener: Int) {
        acceptingAgain[listener] = .never
        if isListening { tell(ofListener: listener, true) }
    }

    private func tell(ofListener listener: Int, _ isWanted: Bool) {
        do {
            try kernel.tell(ofListener: listener, isWanted)
        } catch {
            shared.log.tell(.listenersUnwatched, ["reason": .text("\(error)")])
        }
    }

    /// Whether there is room for a connection from the address, and its place where one is counted.
    private func takePlace(
        for address: @autoclosure () -> [UInt8]?
    ) throws(Surplus) -> ConnectionPlaces.Place? {
        let place = try work.takeOwnPlace(for: address())
        let limit = min(configuration.http.connectionLimit, shared.descriptorConnectionLimit)
        if shared.openCount >= limit { throw .connections(limit) }
        if work.memoryPressure >= .severe { throw .memory }
        return place
    }

    private func admit(_ stream: consuming ByteStream, at listener: Int) {
        let endpoint = work.listeners[listener].address.endpoint
        guard !endpoint.takesProxyHeader || isProxy(stream.peer) else {
            return noteTurnedAway(stream.peer, "it is none of \"access.proxies\", for which this endpoint is")
        }
        var place: ConnectionPlaces.Place?
        var surplus: Surplus?
        do throws(Surplus) {
            place = try takePlace(for: AddressRange.bytes(ofPeer: stream.peer))
        } catch {
            surplus = error
            noteTurnedAway(stream.peer, error.reason)
        }
        guard surplus == nil || surplusCount < shared.surplusLimit else {
            let answer = endpoint.farewell(from: work)
            answer.withUnsafeBufferPointer { _ = stream.write($0) }
            return
        }
        guard let stream = secured(stream, at: listener) else {
            work.note(.turnedAway, ["reason": .text("there is no memory for TLS")])
            statistics.add(.turnedAway)
            return
        }
        let key =
            freeKeys.popLast() ?? ReaderKey(connection: UInt32(connections.count), generation: 0)
        if Int(key.connection) == connections.count { connections.append(nil) }
        let connection = Connection(
            key: key, stream: stream, frontEnd: endpoint.spoken.frontEnd,
            principal: work.stranger, listener: listener, now: now)
        do {
            try kernel.watch(connection.stream, token: connection.token, connection.interest)
        } catch {
            // Out of kernel memory for the watch: the connection closes with its object.
            work.note(.turnedAway, ["reason": .text("\(error)")])
            statistics.add(.turnedAway)
            freeKeys.append(key.next)
            return
        }
        if let place { connection.places.own = place }
        if let surplus {
            connection.surplus = surplus
            surplusCount += 1
        }
        connections[Int(key.connection)] = connection
        work.memory.connectionCount += 1
        work.listeners[listener].connectionCount += 1
        if connection.isSecure { work.memory.secureConnectionCount += 1 }
        if connection.stream.layered != nil { handshakes.begin(key) }
        shared.connectionCount.add(1, ordering: .relaxed)
        statistics.add(.opened)
        if let farewell = work.drainPlan.map(goodbye(by:)) ?? goodbyeForAge() {
            goodbyes[connection.token] = farewell
        }
        // A handshake may cost a hundred times what accepting does: it begins when the kernel tells of its first bytes.
        if endpoint.takesProxyHeader { connection.proxyHeader = [] }
        if endpoint.tls == nil, !endpoint.takesProxyHeader { open(connection) } else { schedule(connection) }
    }

    func noteTurnedAway(_ peer: @autoclosure () -> String, _ reason: String) {
        work.note(.turnedAway, ["peer": .text(peer()), "reason": .text(reason)])
        statistics.add(.turnedAway)
    }
}
