/// Who makes a request: the first credential that it shows is believed or refused.
internal import Access
internal import HTTP
internal import Logging
internal import Primitives
internal import Transport

extension Workspace {
    /// Finds out for whom the connection acts from this request on. Where nobody here knows, the answer to the question tells.
    func authenticate(
        _ head: RequestHead, to resource: Resource?, _ connection: Connection
    ) throws(Problem) -> PrincipalQuestion? {
        guard let resource, !resource.isOpen else { return nil }
        let query = head.query
        if !query.isEmpty, Self.parameter("token", of: query) != nil { throw .tokenInQuery }
        guard configuration.access.looksAtCredentials else {
            // It may have come when some were.
            if connection.principal.isWithdrawn { connection.principal = stranger }
            return nil
        }
        switch try shown(by: head, to: resource, query, connection) {
        case .principal(let principal):
            connection.principal = principal
            return nil
        case .ticket(let ticket):
            connection.principal = stranger
            return ticket
        case .nothing: connection.principal = stranger
        }
        guard let question = try question(about: head, to: resource) else {
            // What a request shows goes before the certificate: that says more of whom it is for.
            if let holder = holder(ofCertificateOf: connection) { connection.principal = holder }
            return nil
        }
        if let principal = shared.backend.principal(for: question, at: now) {
            connection.principal = principal
            return nil
        }
        try demandFewFailures(connection)
        return .backend(question)
    }

    /// The first credential that a request shows.
    private enum Shown {
        /// None, or one that nobody here knows.
        case nothing
        case principal(Principal)
        /// A ticket, of which the nodes of the cluster know together.
        case ticket(PrincipalQuestion)
    }

    private func shown(
        by head: RequestHead, to resource: Resource, _ query: [UInt8], _ connection: Connection
    ) throws(Problem) -> Shown {
        if configuration.access.credentials.areWanted {
            let fields = head.fields(named: "Authorization")
            if let field = fields.first {
                guard fields.count == 1 else { throw refuse(.ambiguous, connection) }
                return try believe(fieldNamed: "Authorization", connection) { () throws(CredentialFailure) in
                    try Credential(authorization: field.span)
                }
            }
            if let value = cookie(of: head) {
                try Self.demandOrigin(of: head, resource)
                return try believe(fieldNamed: "Cookie", connection) { .bearer(value) }
            }
        }
        guard resource.takesTickets, let ticket = Self.parameter("ticket", of: query) else { return .nothing }
        if sharesLog { return .ticket(try question(about: ticket, connection)) }
        return .principal(try admit(shared.accessTickets.redeem(ticket, at: now), connection))
    }

    /// The principal that the credential in a field shows; nothing where it may be for the backend, which is shown that field.
    private func believe(
        fieldNamed name: String, _ connection: Connection,
        _ credential: () throws(CredentialFailure) -> Credential
    ) throws(Problem) -> Shown {
        do throws(CredentialFailure) {
            return .principal(try principal(showing: try credential(), connection))
        } catch {
            if error.isOfSomebodyElse, configuration.access.backend?.takes(name) ?? false { return .nothing }
            throw refuse(error, connection)
        }
    }

    /// Who has shown a certificate in the handshake.
    private func holder(ofCertificateOf connection: Connection) -> Principal? {
        guard let shown = connection.certificate else { return nil }
        return configuration.access.credentials.principal(
            showing: [shown.subject] + shown.names, until: shown.end, at: time, now)
    }

    /// The principal that a credential shows which came over the connection; refuses all others.
    func believe(_ credential: Credential, _ connection: Connection) throws(Problem) -> Principal {
        do throws(CredentialFailure) {
            return try principal(showing: credential, connection)
        } catch {
            throw refuse(error, connection)
        }
    }

    private func principal(
        showing credential: Credential, _ connection: Connection
    ) throws(CredentialFailure) -> Principal {
        let isThrottled = waitAfterFailures(connection) != nil
        let credentials = configuration.access.credentials
        do throws(CredentialFailure) {
            return try credentials.principal(
                showing: credential, from: { connection.address }, at: time, now, &verifiedTokens,
                effort: isThrottled ? .hashing : .everything)
        } catch {
            guard error == .keyNotFetched else { throw error }
            let source = credentials.keySource(of: credential)
            let isAwaited = source.map { shared.keySets.ask(for: $0, at: now) } ?? false
            throw isAwaited ? .keyNotFetched : .unknownTokenKey
        }
    }

    // MARK: The backend

    /// What the backend is to be asked about the request; nil where that shows nothing.
    private func question(
        about head: RequestHead, to resource: Resource
    ) throws(Problem) -> BackendQuestion? {
        guard let backend = configuration.access.backend,
            let question = BackendQuestion(of: head, to: backend, at: now)
        else { return nil }
        if backend.takesCookies, head.field("Cookie") != nil { try Self.demandOrigin(of: head, resource) }
        guard question.byteCount <= BackendQuestion.byteCountLimit else { throw .tooMuchShown }
        return question
    }

    /// The principal that the backend has named; refuses whom it does not know, and all while it says nothing.
    func principal(in answer: BackendAnswer, _ connection: Connection) throws(Problem) -> Principal {
        switch answer {
        case .principal(let named):
            // The settings may have changed since it was asked.
            guard let principal = succession.successor(of: named, from: { nil }, at: time, now) else {
                throw .backendFailed
            }
            return principal
        case .nobody: return holder(ofCertificateOf: connection) ?? stranger
        case .unauthenticated: throw refuse(.refusedByBackend, connection)
        case .forbidden:
            _ = refuse(.refusedByBackend, connection)
            throw .forbiddenByBackend
        case .failure(let reason):
            note(.backendFailed, ["peer": .text(connection.peer), "reason": .text(reason)])
            throw .backendFailed
        }
    }

    /// Whoever was wrong too often is not asked about: that would cost more than a hash.
    func demandFewFailures(_ connection: Connection) throws(Problem) {
        if waitAfterFailures(connection) != nil { throw refuse(.notLookedAt, connection) }
    }

    /// Counts a failure, tells the log, and says what to do. What was presented is said nowhere.
    func refuse(_ failure: CredentialFailure, _ connection: Connection) -> Problem {
        statistics.credentialFailures[failure.reason]?.value.add()
        note(.credentialRefused, ["peer": .text(connection.peer), "reason": .text(failure.reason)])
        // Its bearer has done nothing wrong.
        if failure == .keyNotFetched { return Problem(503, "overloaded", failure.detail) }
        if let wait = waitAfterFailures(connection) { return .tooManyFailures(wait: wait) }
        let limit = configuration.access.failureLimit
        _ = shared.credentialFailures.admit(for: Claimant(address: connection.address), at: now, limit)
        return .unauthenticated(
            failure.detail, challenge: "Bearer realm=\"tidegate\", error=\"invalid_token\"")
    }

    /// How long nothing is looked at from the connection's address that would cost more than a hash; nil: everything is.
    private func waitAfterFailures(_ connection: Connection) -> Duration? {
        guard !shared.credentialFailures.isUntouched else { return nil }
        return shared.credentialFailures.wait(
            for: Claimant(address: connection.address), at: now, configuration.access.failureLimit)
    }

    // MARK: Where credentials stand

    /// The cookie's value, where one is configured (RFC 6265 §4.2).
    private func cookie(of head: RequestHead) -> [UInt8]? {
        let name = configuration.access.cookie
        guard !name.isEmpty else { return nil }
        for field in head.fields(named: "Cookie") {
            for pair in field.split(separator: ASCII.semicolon) {
                let pair = pair.drop { $0 == ASCII.space || $0 == ASCII.tab }
                guard let equals = pair.firstIndex(of: ASCII.equals),
                    pair[..<equals].elementsEqual(name.utf8)
                else { continue }
                let value = pair[(equals + 1)...]
                return value.isEmpty ? nil : Array(value)
            }
        }
        return nil
    }

    /// A browser sends a cookie in the name of any page. So it counts only where the browser also says whose page it is: pages
    /// of foreign origins were turned away before. A WebSocket and whatever changes something has an `Origin` in all browsers.
    private static func demandOrigin(of head: RequestHead, _ resource: Resource) throws(Problem) {
        if head.field("Origin") != nil { return }
        let isPlainGet = (head.method == .get || head.method == .head) && resource != .webSocket
        guard isPlainGet, head.field("Sec-Fetch-Site") != nil else { throw .cookieWithoutOrigin }
    }

    /// The first value of a parameter that needs no escapes.
    private static func parameter(_ name: StaticString, of query: [UInt8]) -> [UInt8]? {
        for item in query.split(separator: ASCII.ampersand) {
            let end = item.firstIndex(of: ASCII.equals) ?? item.endIndex
            if Array(item[..<end]).span.equals(name) { return Array(item[end...].dropFirst()) }
        }
        return nil
    }
}

extension Problem {
    static func unauthenticated(
        _ detail: String, challenge: StaticString = "Bearer realm=\"tidegate\""
    ) -> Problem {
        var problem = Problem(401, "unauthenticated", detail)
        problem.challenge = challenge
        return problem
    }

    /// Why a principal may do nothing more.
    static func ended(_ principal: Principal) -> Problem { principal.isWithdrawn ? .withdrawn : .expired }

    private static let withdrawn = unauthenticated(
        "What you have shown, or nothing, is not enough here any more; show another key or token.")

    private static let expired = unauthenticated(
        "What you have shown is over; show a new token.",
        challenge: "Bearer realm=\"tidegate\", error=\"invalid_token\"")

    fileprivate static let tokenInQuery = Problem.badRequest(
        "A URL is written down in many places, so no token is taken from it; send Authorization, or get a ticket by POST /tickets and send ?ticket=."
    )

    fileprivate static let cookieWithoutOrigin = Problem(
        403, "forbidden",
        "A cookie counts only together with an Origin, which browsers send; a program sends Authorization.")

    fileprivate static let tooMuchShown = Problem(
        431, "payload_too_large",
        "The fields that show who you are may have \(BackendQuestion.byteCountLimit) bytes at most.")

    fileprivate static let forbiddenByBackend = Problem(
        403, "forbidden", "The service that knows the users here does not let you in.")

    static let backendFailed = Problem(
        503, "overloaded", "The service that knows the users here gives no answer; try again in a second.")

    fileprivate static func tooManyFailures(wait: Duration) -> Problem {
        let seconds = max(Int(wait.inSeconds.rounded(.up)), 1)
        return Problem(
            429, "rate_limited",
            "Too many credentials from your address were wrong; try again in \(seconds) s.",
            retryAfter: seconds)
    }
}
