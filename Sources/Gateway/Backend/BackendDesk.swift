/// Where loops ask who somebody is, and threads that may wait take the questions to the backend.
package import Access
internal import Primitives
internal import Synchronization

/// Any thread asks; some serve. All that ask the same before its answer is there are answered by it.
package final class BackendDesk: Sendable {
    private struct Asker {
        let mailbox: Mailbox
        let ticket: UInt64
    }

    private struct State {
        var isClosed = false
        /// Those that no thread has taken yet.
        var questions = Queue<BackendQuestion>()
        /// Who waits for the answer to which.
        var askers: [Digest: [Asker]] = [:]
        var askerCount = 0
    }

    /// So many may wait at once. They are connections, which are told to come again.
    static let askerLimit = 4096

    private let state = Monitor(State())
    /// Reached without the state: whoever only looks here wakes no thread.
    private let known = Mutex(KnownPrincipals(limit: 10_000))
    // What became of questions: of all that were asked, and of those that went to the backend.
    let rememberedCount = Atomic<Int>(0)
    let askedCount = Atomic<Int>(0)
    let refusedCount = Atomic<Int>(0)
    let failedCount = Atomic<Int>(0)

    /// The principal that the backend has named lately for the same fields.
    func principal(for question: BackendQuestion, at now: Instant) -> Principal? {
        let principal = known.withLock { $0.principal(of: question.digest, at: now) }
        if principal != nil { rememberedCount.add(1, ordering: .relaxed) }
        return principal
    }

    /// The answer comes to that ticket; false: too many wait.
    func ask(_ question: BackendQuestion, for ticket: UInt64, at mailbox: Mailbox, now: Instant) -> Bool {
        state.withLock { state in
            guard state.askerCount < Self.askerLimit, !state.isClosed else { return false }
            let asker = Asker(mailbox: mailbox, ticket: ticket)
            if state.askers[question.digest] == nil {
                // It may have come since the asker has looked.
                if let principal = principal(for: question, at: now) {
                    mailbox.post(.answer(.identified(.principal(principal)), ticket: ticket))
                    return true
                }
                state.questions.append(question)
            }
            state.askers[question.digest, default: []].append(asker)
            state.askerCount += 1
            return true
        }
    }

    // MARK: Serving

    /// Takes questions to the backend, until the desk is closed.
    package func serve(_ ask: (BackendQuestion) -> BackendAnswer) {
        while let question = next() {
            // Its askers have been told so, or are about to be.
            guard Instant.now() < question.deadline else {
                answer(question, .failure("it is too slow"), at: .now())
                continue
            }
            askedCount.add(1, ordering: .relaxed)
            answer(question, ask(question), at: .now())
        }
    }

    /// Waits for the next question; nil: none will come.
    private func next() -> BackendQuestion? {
        while true {
            let next = state.when(
                { !$0.questions.isEmpty || $0.isClosed }, by: .now() + .seconds(3600),
                then: { $0.isClosed ? nil : $0.questions.popFirst() })
            if let next { return next }
        }
    }

    /// A question that waits; nil where there is none.
    func take() -> BackendQuestion? {
        state.withLock { $0.questions.popFirst() }
    }

    /// Tells all that have asked. Only who somebody is gets remembered: a session that is unknown now may be known in a moment.
    func answer(_ question: BackendQuestion, _ answer: BackendAnswer, at now: Instant) {
        switch answer {
        case .principal(let principal):
            known.withLock {
                $0.remember(principal, of: question.digest, until: now + question.backend.memory)
            }
        case .nobody: break
        case .unauthenticated, .forbidden: refusedCount.add(1, ordering: .relaxed)
        case .failure: failedCount.add(1, ordering: .relaxed)
        }
        let askers = state.withLock { state in
            let askers = state.askers.removeValue(forKey: question.digest) ?? []
            state.askerCount -= askers.count
            return askers
        }
        for asker in askers { asker.mailbox.post(.answer(.identified(answer), ticket: asker.ticket)) }
    }

    package func close() {
        state.withLock { $0.isClosed = true }
    }
}
