/// The doors at which a principal's rights are asked for: subscribing, publishing, listings and values, operations.
internal import Access
internal import Broker
internal import Primitives

extension Workspace {
    /// The door of subscribing, listings and values: refuses the whole request and names what is not allowed.
    func demandReading(_ patterns: [TopicPattern], by principal: Principal) throws(Problem) {
        try demandLife(of: principal)
        guard case .within = principal.rights.subscribe else { return }
        let refused = patterns.filter { !principal.rights.subscribe.allows($0) }
        if !refused.isEmpty { throw missing("subscribe", to: principal, refused.map(\.text)) }
    }

    func demandReading(topic name: [UInt8], by principal: Principal) throws(Problem) {
        guard principal.rights.subscribe.allows(topic: name.span) else {
            throw missing("subscribe", to: principal, [name])
        }
    }

    /// The door of publishing: refuses the whole batch, for what stands in it from update `first` on.
    func demandPublishing(
        _ batch: borrowing UpdateBatch, from first: Int = 0, by principal: Principal
    ) throws(Problem) {
        try demandLife(of: principal)
        let publish = principal.rights.publish
        guard case .within = publish else { return }
        var refused: [[UInt8]] = []
        batch.forEachTopic(from: first) { name in
            if refused.count < Problem.refusedTopicLimit, !publish.allows(topic: name) {
                refused.append(name.array)
            }
        }
        if !refused.isEmpty { throw missing("publish", to: principal, refused) }
    }

    /// Who may publish nothing at all is told so before the body comes.
    func demandPublishingAnything(by principal: Principal) throws(Problem) {
        if principal.rights.publish.isNothing { throw missing("publish", to: principal) }
    }

    /// The door of operations.
    func demandOperating(by principal: Principal) throws(Problem) {
        guard principal.rights.operate else { throw missing("operate", to: principal) }
    }

    /// A token may end while its bearer is still connected.
    private func demandLife(of principal: Principal) throws(Problem) {
        if now >= principal.end { throw .ended(principal) }
    }

    /// Who has shown nothing is asked to, if that can help.
    private func missing(_ right: String, to principal: Principal, _ topics: [[UInt8]] = []) -> Problem {
        let problem = Problem.forbidden(right, topics)
        guard principal.isAnonymous, configuration.access.looksAtCredentials else { return problem }
        let advice = configuration.access.credentials.areWanted ? "Send a key or a token." : "Log in first."
        var asking = Problem.unauthenticated("\(problem.detail) \(advice)")
        asking.topics = problem.topics
        return asking
    }
}
