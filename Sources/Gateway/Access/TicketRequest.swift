/// What a ticket is asked for: who it is for, and what that one may do. Without content it is the maker's own.
internal import Access
internal import Broker
internal import Primitives

struct TicketRequest {
    private var subject: String?
    private var subscribe: [TopicPattern]?
    private var publish: [TopicPattern]?
    private var maximumRate: Double?

    init(_ content: Span<UInt8>) throws(Problem) {
        guard !content.isBlank else { return }
        let wrong = Problem.badRequest(
            "A ticket is asked for with {\"subject\":…,\"subscribe\":[…],\"publish\":[…],\"maxRate\":…}, or with nothing."
        )
        guard let object = UniqueObject(content.array) else { throw wrong }
        let texts: (subscribe: [[UInt8]]?, publish: [[UInt8]]?)
        do throws(UniqueObject.WrongKind) {
            subject = try object.text("subject")
            texts = (try object.strings("subscribe"), try object.strings("publish"))
            maximumRate = try object.number("maxRate")
        } catch {
            throw wrong
        }
        guard (1...256).contains(subject?.utf8.count ?? 1), maximumRate.map({ $0 > 0 }) ?? true else {
            throw wrong
        }
        subscribe = try patterns(texts.subscribe)
        publish = try patterns(texts.publish)
    }

    private func patterns(_ texts: [[UInt8]]?) throws(Problem) -> [TopicPattern]? {
        guard let texts else { return nil }
        var patterns: [TopicPattern] = []
        for text in texts {
            do throws(GrantFailure) {
                patterns.append(try GrantedPattern.resolved(text.span, for: subject.map { Array($0.utf8) }))
            } catch {
                throw Problem(400, "invalid_topic", "\(error).")
            }
        }
        return patterns
    }

    /// The principal that the ticket stands for. The maker may hand on what it may do itself, and to others what it may grant.
    func principal(for maker: Principal) throws(Problem) -> Principal {
        var rights = Rights()
        if let subject {
            let grant = maker.rights.grant
            rights.subscribe = try granted(subscribe ?? [], within: grant, "grant")
            rights.publish = try granted(publish ?? [], within: grant, "grant")
            guard !rights.isNothing else {
                throw .badRequest("Say what \"\(subject)\" may: \"subscribe\", \"publish\", or both.")
            }
        } else {
            let own = maker.rights
            rights.subscribe =
                try subscribe.map { texts throws(Problem) in
                    try granted(texts, within: own.subscribe, "subscribe")
                } ?? own.subscribe
            rights.publish =
                try publish.map { texts throws(Problem) in
                    try granted(texts, within: own.publish, "publish")
                } ?? own.publish
        }
        rights.maximumRate = maximumRate
        rights.stayWithin(limitsOf: maker.rights)
        return Principal(
            name: subject ?? maker.name, rights: rights, ticketOf: maker, isGranted: subject != nil)
    }

    private func granted(
        _ patterns: [TopicPattern], within scope: Rights.Scope, _ right: String
    ) throws(Problem) -> Rights.Scope {
        let refused = patterns.filter { !scope.allows($0) }
        guard refused.isEmpty else { throw .forbidden(right, refused.map(\.text)) }
        return Rights.Scope(patterns)
    }
}
