/// Who makes a request: the first credential that it shows is believed or refused.
internal import Access
internal import HTTP
internal import Logging
internal import Primitives
internal import Transport

extension Workspace {
    /// Finds out for whom the connection acts from this request on.
    func authenticate(
        _ head: RequestHead, to resource: Resource?, _ connection: Connection
    ) throws(Problem) {
        guard let resource, !resource.isOpen else { return }
        let query = head.query
        if !query.isEmpty, Self.parameter("token", of: query) != nil { throw .tokenInQuery }
        guard configuration.access.credentials.areWanted else {
            // It may have come when some were.
            if connection.principal.isWithdrawn { connection.principal = stranger }
            return
        }
        connection.principal = try principal(of: head, to: resource, query, connection)
    }

    private func principal(
        of head: RequestHead, to resource: Resource, _ query: [UInt8], _ connection: Connection
    ) throws(Problem) -> Principal {
        let fields = head.fields(named: "Authorization")
        if let field = fields.first {
            guard fields.count == 1 else { throw refuse(.ambiguous, connection) }
            let credential: Credential
            do throws(CredentialFailure) {
                credential = try Credential(authorization: field.span)
            } catch {
                throw refuse(error, connection)
            }
            return try believe(credential, connection)
        }
        if let value = cookie(of: head) {
            try Self.demandOrigin(of: head, resource)
            return try believe(.bearer(value), connection)
        }
        if resource.takesTickets, let ticket = Self.parameter("ticket", of: query) {
            guard
                let maker = shared.accessTickets.redeem(ticket, at: now),
                let principal = succession.successor(of: maker, from: { connection.address }, at: time, now)
            else {
                throw refuse(.unknownTicket, connection)
            }
            return principal
        }
        return holder(ofCertificateOf: connection) ?? stranger
    }

    /// Who has shown a certificate in the handshake. What a request shows goes before it: that says more of whom it is for.
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
        return try configuration.access.credentials.principal(
            showing: credential, from: { connection.address }, at: time, now, &verifiedTokens,
            effort: isThrottled ? .hashing : .everything)
    }

    /// Counts a failure, tells the log, and says what to do. What was presented is said nowhere.
    private func refuse(_ failure: CredentialFailure, _ connection: Connection) -> Problem {
        statistics.credentialFailures[failure.reason]?.value.add()
        note(.credentialRefused, ["peer": .text(connection.peer), "reason": .text(failure.reason)])
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

    fileprivate static func tooManyFailures(wait: Duration) -> Problem {
        let seconds = max(Int(wait.inSeconds.rounded(.up)), 1)
        return Problem(
            429, "rate_limited",
            "Too many credentials from your address were wrong; try again in \(seconds) s.",
            retryAfter: seconds)
    }
}
