/// Fetches from a service that is no gateway, over a connection that is reused while the service keeps it.
package import HTTP
package import Primitives
package import Transport

/// Redirects are an answer like others: what is asked for is told to nobody else.
package final class ServiceConnection {
    package typealias Answer = (status: Int, content: [UInt8])

    private let url: WebURL
    private let place: GatewayURL
    private let byteCountLimit: Int
    private var link: Link?

    /// Longer answers than `byteCountLimit` are not taken.
    package init(to url: WebURL, trusting trust: ServerTrust, byteCountLimit: Int) {
        self.url = url
        self.byteCountLimit = byteCountLimit
        place = GatewayURL(url, trusting: trust)
    }

    /// Gets what is there. Of an answer that is no success the content is not told.
    package func get(
        showing fields: [(name: String, value: [UInt8])] = [], until deadline: Instant
    ) throws(ClientFailure) -> Answer {
        let isReused = link != nil
        do throws(ClientFailure) {
            return try getOnce(fields, until: deadline)
        } catch {
            // The service may have closed a kept connection just as we used it.
            guard isReused, case .lost = error, .now() < deadline else { throw error }
        }
        return try getOnce(fields, until: deadline)
    }

    private func getOnce(
        _ fields: [(name: String, value: [UInt8])], until deadline: Instant
    ) throws(ClientFailure) -> Answer {
        var link = try takeLink(until: deadline)
        link.output.append(requestHead: "GET", url.target, at: place)
        link.output.append(field: "Accept", "application/json")
        for (name, value) in fields { link.output.append(fieldNamed: name, value) }
        link.output.endFields()
        var reader = ResponseReader(answering: .get, byteCountLimit: byteCountLimit)
        do throws(ClientFailure) {
            let content = try reader.readAnswer(over: &link, until: deadline, unless: nil)
            if reader.head?.isPersistent == true { self.link = consume link }
            return (reader.head?.status ?? 0, content)
        } catch {
            guard case .refused(let problem) = error else { throw error }
            return (problem.status, [])
        }
    }

    /// The kept connection, or a new one.
    private func takeLink(until deadline: Instant) throws(ClientFailure) -> Link {
        if let kept = link.take() { return kept }
        return try Link(to: place, within: deadline.since(.now()), unless: nil)
    }
}

extension GatewayURL {
    fileprivate init(_ url: WebURL, trusting trust: ServerTrust) {
        self.init(isSecure: url.isSecure, host: url.host, port: url.port)
        self.trust = trust
    }
}
