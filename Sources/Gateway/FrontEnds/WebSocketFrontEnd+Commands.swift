/// The commands of a WebSocket client.
internal import Access
internal import Broker
internal import Primitives
internal import WebSocket

extension WebSocketFrontEnd {
    func command(
        _ text: Span<UInt8>, _ verdict: MessageRate.Verdict, _ connection: Connection, _ work: Workspace
    ) {
        let parsed = ClientCommand.parse(text, into: &work.publishing)
        do throws(Problem) {
            guard case .accepted = verdict else {
                work.publishing.removeAll()
                throw .tooManyMessages(work.configuration.subscribers.messageRate)
            }
            try obey(parsed.command.get(), id: parsed.id, connection, work)
        } catch {
            tell(.failure(error), id: parsed.id, connection, work)
        }
    }

    private func obey(
        _ command: ClientCommand, id: [UInt8]?, hasWaited: Bool = false, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) {
        try demandProof(for: command, work)
        if waitsForOutcomes(command) {
            undone.postponed = (command, id)
            return
        }
        switch command {
        case .subscribe(let patterns, let cursor, let last, let rate, let wantsStaleness):
            try work.demandOpen(.subscribe, connection)
            try work.demandReading(patterns, by: connection.principal)
            try work.demandMemory()
            if postpones(command, id: id, work) { return }
            if !hasWaited, waits(for: cursor, command, id: id, connection, work) { return }
            work.catchUp()
            guard session.follow(connection, work) else {
                work.goodbye = .replaced
                return sayGoodbye(connection, work)
            }
            try checkLimit(patterns, work)
            if wantsStaleness { session.replica.tellStaleness(to: session.subscriber) }
            subscribe(patterns, cursor: cursor, last: last, rate: rate, id: id, connection, work)
        case .unsubscribe(let patterns):
            if postpones(command, id: id, work) { return }
            unsubscribe(patterns, id: id, connection, work)
        case .pace(let rate):
            changeRate(rate, connection, work)
            work.appendMessage("paced", id: id) { $0.append(rateMember: session.pace.maximumRate) }
            work.comeBack()
        case .publish(let key): publish(under: key, id: id, connection, work)
        case .auth(let token):
            if postpones(command, id: id, work) { return }
            try authenticate(token, id: id, connection, work)
        case .ping: work.appendMessage("pong", id: id)
        }
    }

    // MARK: Subscribing

    /// Puts a command off that can't be obeyed before the last one is carried out; then nothing more is read. False where it
    /// can be obeyed at once.
    private func postpones(_ command: ClientCommand, id: [UInt8]?, _ work: Workspace) -> Bool {
        guard session.isWalking else { return false }
        undone.postponed = (command, id)
        return true
    }

    /// Puts a subscribe off whose cursor is of a process that is further, until this one has come so far.
    func waits(
        for cursor: [UInt8]?, _ command: ClientCommand, id: [UInt8]?, _ connection: Connection,
        _ work: Workspace
    ) -> Bool {
        guard let awaited = work.awaited(cursor, for: connection) else { return false }
        undone.awaited = awaited
        undone.postponed = (command, id)
        return true
    }

    /// Whether the answer would come before those to publishes that are not decided yet. Publishes themselves need not wait.
    private func waitsForOutcomes(_ command: ClientCommand) -> Bool {
        if case .publish = command { return false }
        return publications != nil
    }

    /// Answers the last command once it is carried out, and obeys the one that has waited for that.
    func carryOn(_ connection: Connection, _ work: Workspace) {
        while let undone = commands, !session.isWalking {
            if let awaited = undone.awaited {
                if work.isWaiting(for: awaited) { return }
                if work.isTooFarBehind(awaited) {
                    commands = nil
                    work.goodbye = .behind
                    return sayGoodbye(connection, work)
                }
            }
            if let restriction = undone.restriction {
                guard carryOn(restriction, connection, work) else { return }
                if session.isWalking { return }
            }
            commands = nil
            if let withdrawn = undone.restriction?.withdrawn, !withdrawn.isEmpty {
                work.appendMessage("unsubscribed", id: nil) { output in
                    output.append(topicsMember: withdrawn)
                    output.append(",\"code\":\"forbidden\"")
                }
            }
            if let (patterns, id) = undone.unsubscribing {
                work.appendMessage("unsubscribed", id: id) { $0.append(topicsMember: patterns) }
            }
            guard let (command, id) = undone.postponed else { return }
            if waitsForOutcomes(command) {
                self.undone.postponed = (command, id)
                return
            }
            do throws(Problem) {
                try obey(command, id: id, hasWaited: undone.awaited != nil, connection, work)
            } catch {
                tell(.failure(error), id: id, connection, work)
            }
        }
    }

    /// Looks for what the reader may no longer read, then unsubscribes from that; returns whether it has looked everywhere.
    private func carryOn(
        _ restriction: UndoneCommands.Restriction, _ connection: Connection, _ work: Workspace
    ) -> Bool {
        guard !restriction.isFound else { return true }
        let rights = connection.principal.rights.subscribe
        var ration = work.ration
        let isOver = session.replica.advance(&restriction.search, of: session.subscriber, &ration) {
            !rights.allows($0)
        }
        guard isOver else {
            work.comeBack()
            return false
        }
        restriction.isFound = true
        if !restriction.search.found.isEmpty {
            session.replica.catchUp()
            session.replica.unsubscribe(session.subscriber, from: restriction.search.found)
        }
        restriction.withdrawn += restriction.search.found
        restriction.search = HeldSearch()
        work.comeBack()
        return true
    }

    var undone: UndoneCommands {
        if let commands { return commands }
        let made = UndoneCommands()
        commands = made
        return made
    }

    private func unsubscribe(
        _ patterns: [TopicPattern], id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) {
        session.replica.catchUp()
        session.replica.unsubscribe(session.subscriber, from: patterns)
        undone.unsubscribing = (patterns, id)
        carryOn(connection, work)
        work.comeBack()
    }

    /// A topic or pattern that the client holds already counts once. A pace delays `live` messages as it delays updates. A
    /// client that subscribes and unsubscribes for ever would pile them up, so their number is bounded too.
    private func checkLimit(_ patterns: [TopicPattern], _ work: Workspace) throws(Problem) {
        let limit = work.configuration.subscribers.subscriptionLimit
        guard session.pendingLives.count < limit else { throw .tooManyPending(limit) }
        let held = session.replica.subscriptionCount(of: session.subscriber)
        guard held + patterns.count > limit else { return }
        let unheld = session.replica.unheldCount(
            of: patterns, by: session.subscriber, limit: limit - held + 1)
        guard held + unheld <= limit else { throw .tooManyTopics(limit) }
    }

    func subscribe(
        _ patterns: [TopicPattern], cursor: [UInt8]?, last: Int?, rate: ClientCommand.RateRequest,
        id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) {
        if rate != .unchanged { changeRate(rate, connection, work) }
        let isResumed = session.subscribe(patterns, cursor: cursor, last: last, id: id, connection, work)
        work.appendMessage("subscribed", id: id) { output in
            output.append(topicsMember: patterns)
            output.append(isResumed ? ",\"resumed\":true" : ",\"resumed\":false")
            output.append(rateMember: session.pace.maximumRate)
        }
    }

    private func changeRate(
        _ rate: ClientCommand.RateRequest, _ connection: Connection, _ work: Workspace
    ) {
        guard case .limit(let wanted) = rate else { return }
        session.pace.change(
            maximumRate: connection.granted(wanted, work.configuration.subscribers), now: work.now)
    }

    // MARK: Publishing

    private func publish(
        under key: [UInt8]?, id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) {
        do throws(Problem) {
            if let key { work.publishing.key = try PublishKey(key, of: connection.principal) }
            switch try work.publish(from: connection) {
            case .done(let outcome): tell(.success(outcome), id: id, connection, work)
            case .pending(let ticket):
                if publications == nil { publications = PendingAnswers() }
                publications?.append(id: id, ticket: ticket, at: work.now)
            }
        } catch {
            work.publishing.removeAll()
            tell(.failure(error), id: id, connection, work)
        }
    }

    /// Answers a publish, or refuses a command, after the publishes that came before it.
    private func tell(
        _ result: Result<PublishOutcome, Problem>, id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) {
        if publications == nil {
            append(result, id: id, connection, work)
        } else {
            publications?.append(id: id, result)
        }
    }

    private func append(
        _ result: Result<PublishOutcome, Problem>, id: [UInt8]?, _ connection: Connection, _ work: Workspace
    ) {
        guard end.maySend else { return }
        switch result {
        case .success(let outcome):
            work.appendMessage("published", id: id) { output in
                output.append(",\"accepted\":")
                output.append(decimal: UInt64(outcome.accepted))
            }
        case .failure(let problem): work.appendError(problem, id: id, to: connection)
        }
    }

    func answered(_ answer: Answer, to ticket: UInt64, _ connection: Connection, _ work: Workspace) {
        guard case .published(let result) = answer else { return }
        publications?.settle(ticket, result.mapError { Problem($0) })
        appendSettled(connection, work)
    }

    /// Gives up the outcomes that have not come in time.
    func giveUpPublications(_ connection: Connection, _ work: Workspace) {
        let timeout = work.configuration.publishers.outcomeTimeout
        while let ticket = publications?.overdue(at: work.now, after: timeout) {
            work.tickets.redeem(ticket)
            publications?.settle(ticket, .failure(.unknownOutcome))
        }
        appendSettled(connection, work)
    }

    private func appendSettled(_ connection: Connection, _ work: Workspace) {
        while let next = publications?.takeSettled() {
            append(next.result, id: next.id, connection, work)
        }
        if publications?.isEmpty ?? false { publications = nil }
        if commands != nil { carryOn(connection, work) }
        // Input that waited for room among the pending answers goes on.
        if isReading, connection.hasInput { work.comeBack() }
    }
}

/// Commands that change what is covered and are not carried out yet.
final class UndoneCommands {
    /// It is answered when it is carried out.
    var unsubscribing: (patterns: [TopicPattern], id: [UInt8]?)?
    /// It is obeyed when the one before it is carried out.
    var postponed: (command: ClientCommand, id: [UInt8]?)?
    /// It is obeyed when this has come.
    var awaited: AwaitedCursor?
    /// What new rights do not cover is looked for, and then dropped.
    var restriction: Restriction?

    final class Restriction {
        var search = HeldSearch()
        var isFound = false
        /// What was dropped, of which the reader is told when all is done.
        var withdrawn: [TopicPattern] = []

        /// Searches from the beginning, by rights that are new.
        func begin() {
            search = HeldSearch()
            isFound = false
        }
    }

    var heldByteCount: Int {
        let dropped =
            (unsubscribing.map { TopicPattern.byteCount(of: $0.patterns) } ?? 0)
            + (restriction.map { TopicPattern.byteCount(of: $0.search.found + $0.withdrawn) } ?? 0)
        switch postponed?.command {
        case .subscribe(let patterns, _, _, _, _)?, .unsubscribe(let patterns)?:
            return dropped + TopicPattern.byteCount(of: patterns)
        case .auth(let token)?: return dropped + token.count
        case .pace?, .publish?, .ping?, nil: return dropped
        }
    }
}
