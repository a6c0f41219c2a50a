/// What a WebSocket may do, and how it shows that it may: `auth` at first, and again before its proof ends.
internal import Access
internal import Broker
internal import Primitives
internal import WebSocket

extension WebSocketFrontEnd {
    /// Whether it must show who it is before anything else.
    static func mustShowProof(_ connection: Connection, _ work: Workspace) throws(Problem) -> Bool {
        let access = work.configuration.access
        guard access.credentials.areWanted, connection.principal.isAnonymous,
            connection.principal.rights.isNothing
        else { return false }
        let loopCount = work.shared.loops.count
        guard work.statistics[.unauthenticated] < (access.waitingLimit + loopCount - 1) / loopCount else {
            throw Problem(
                503, "overloaded", "Too many connections have yet to say who they are; try again in a second."
            )
        }
        return true
    }

    func waitForProof(_ work: Workspace) {
        standing.wait(until: work.now + work.configuration.access.deadline)
        work.statistics.add(.unauthenticated)
    }

    func stopWaitingForProof(_ work: Workspace) {
        if standing.isWaited { work.statistics.add(.unauthenticated, -1) }
        standing.renew()
    }

    /// Refuses a command of one that has yet to say who it is.
    func demandProof(for command: ClientCommand, _ work: Workspace) throws(Problem) {
        guard standing.isWaited else { return }
        switch command {
        case .auth, .ping: return
        case .subscribe, .unsubscribe, .pace, .publish:
            work.publishing.removeAll()
            throw .unauthenticated("First say who you are: {\"type\":\"auth\",\"token\":\"…\"}.")
        }
    }

    /// The connection acts from now on for whom the key or token shows.
    func authenticate(
        _ token: [UInt8], id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        guard work.configuration.access.credentials.areWanted else {
            let isAsked = work.configuration.access.backend != nil
            throw .badRequest(
                isAsked
                    ? "Who you are is asked when you connect; connect again."
                    : "This gateway asks nobody for a token; go on without one.")
        }
        let principal: Principal
        do throws(Problem) {
            principal = try work.believe(.bearer(token), connection)
        } catch {
            // Who has yet to show anything may try again in its time, but not again and again.
            guard standing.isWaited, error.code == "rate_limited" else { throw error }
            work.appendError(error, id: id, to: connection)
            return end.close(with: .policyViolation, reason: error.code, .refused, connection, work)
        }
        do throws(Problem) {
            try work.takePlace(for: principal, connection)
        } catch {
            work.appendError(error, id: id, to: connection)
            return end.close(with: .tryAgainLater, reason: error.code, .refused, connection, work)
        }
        stopWaitingForProof(work)
        connection.principal = principal
        limitRate(connection, work)
        work.appendMessage("authenticated", id: id) { output in
            output.append(",\"subject\":")
            output.append(jsonString: principal.name)
            guard principal.expires != nil else { return }
            output.append(ASCII.comma)
            output.append(expiresMemberOf: principal)
        }
        restrict(connection, work)
    }

    /// The settings have changed, and with them who it acts for, or what that one may do.
    func principalChanged(_ connection: Connection, _ work: Workspace) {
        guard end.maySend else { return }
        if !connection.principal.rights.isNothing, standing.isWaited { stopWaitingForProof(work) }
        limitRate(connection, work)
        restrict(connection, work)
    }

    private func limitRate(_ connection: Connection, _ work: Workspace) {
        let rate = connection.granted(session.pace.maximumRate, work.configuration.subscribers)
        if rate != session.pace.maximumRate { session.pace.change(maximumRate: rate, now: work.now) }
    }

    /// Takes from the reader what its new rights do not cover. Until that is done it is sent nothing.
    private func restrict(_ connection: Connection, _ work: Workspace) {
        guard case .within = connection.principal.rights.subscribe,
            session.replica.subscriptionCount(of: session.subscriber) > 0
        else { return }
        let restriction = undone.restriction ?? UndoneCommands.Restriction()
        restriction.begin()
        undone.restriction = restriction
        carryOn(connection, work)
    }

    /// Tells the reader how it stands, by the clock; ends it where its time is over.
    func lookAfterStanding(_ connection: Connection, _ work: Workspace) {
        switch standing.look(at: work.now, connection.principal) {
        case .none: return
        case .ending:
            work.appendMessage("expiring", id: nil) { output in
                output.append(ASCII.comma)
                output.append(expiresMemberOf: connection.principal)
            }
        case .late:
            let problem = Problem.unauthenticated("No \"auth\" came in time.")
            end(because: problem, reason: "no auth came in time", connection, work)
        case .ended:
            let principal = connection.principal
            end(
                because: .ended(principal), reason: principal.isWithdrawn ? "withdrawn" : "expired",
                connection,
                work)
        }
    }

    private func end(
        because problem: Problem, reason: String, _ connection: Connection, _ work: Workspace
    ) {
        work.appendError(problem, id: nil, to: connection)
        end.close(with: .policyViolation, reason: reason, .refused, connection, work)
    }

    /// Whether updates may be sent at this moment.
    func mayBeSentUpdates(_ connection: Connection, _ work: Workspace) -> Bool {
        work.now < connection.principal.end && commands?.restriction == nil
    }
}
