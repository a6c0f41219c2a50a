/// Sends requests one after another over one connection. It connects when needed, and reuses the connection while the
/// gateway keeps it.
internal import HTTP
internal import Primitives
package import Transport

/// A request that is sent whole.
package struct HTTPCall: Sendable {
    package enum Verb: Sendable {
        case get
        case put
        case post
        case delete
    }

    package var verb: Verb
    /// Below the gateway's prefix, percent-encoded: `/topics/stocks/AAPL`.
    package var path: String
    /// JSON, for a PUT or a POST.
    package var body: [UInt8]
    /// With one the call may be repeated, whatever it does.
    package var key: RequestKey?
    /// The version that the topic must have; 0: it must not be there.
    package var ifVersion: UInt64?

    package init(_ verb: Verb, _ path: String, body: [UInt8] = []) {
        self.verb = verb
        self.path = path
        self.body = body
    }
}

package final class HTTPConnection {
    private static let connectTimeout = Duration.seconds(10)
    /// A gateway answers in milliseconds; after this long no answer will come.
    private static let answerTimeout = Duration.seconds(30)

    private let url: GatewayURL
    private let stop: Wakeup?
    private var link: Link?

    package init(to url: GatewayURL, stop: Wakeup? = nil) {
        self.url = url
        self.stop = stop
    }

    /// Sends `call` and returns the body of its answer; throws `.refused` for any status but success.
    package func send(_ call: HTTPCall) throws(ClientFailure) -> [UInt8] {
        let isReused = link != nil
        do throws(ClientFailure) {
            return try sendOnce(call)
        } catch {
            link = nil
            // The gateway may have closed a kept connection just as we used it. HTTP allows all verbs but POST to be sent again
            // (RFC 9110 §9.2.2), but a second DELETE would find nothing, without a key.
            guard call.key != nil || isReused && call.verb == .get, case .lost = error else { throw error }
        }
        return try sendOnce(call)
    }

    private func sendOnce(_ call: HTTPCall) throws(ClientFailure) -> [UInt8] {
        var link = try takeLink()
        append(call, to: &link.output)
        var reader = ResponseReader(answering: .get, byteCountLimit: WireLimits.answerByteCount)
        let body = try reader.readAnswer(
            over: &link, until: .now() + Self.answerTimeout, unless: stop)
        if reader.head?.isPersistent == true { self.link = consume link }
        return body
    }

    /// The kept connection, or a new one.
    private func takeLink() throws(ClientFailure) -> Link {
        if let kept = link.take() { return kept }
        return try Link(to: url, within: Self.connectTimeout, unless: stop)
    }

    private func append(_ call: HTTPCall, to output: inout ByteBuffer) {
        switch call.verb {
        case .get: output.append(requestHead: "GET", url.prefix + call.path, at: url)
        case .put: output.append(requestHead: "PUT", url.prefix + call.path, at: url)
        case .post: output.append(requestHead: "POST", url.prefix + call.path, at: url)
        case .delete: output.append(requestHead: "DELETE", url.prefix + call.path, at: url)
        }
        output.append(field: "Accept", "application/json")
        if let key = call.key { output.append(field: "Idempotency-Key", key.text) }
        if let version = call.ifVersion {
            if version == 0 {
                output.append(field: "If-None-Match", "*")
            } else {
                output.append(field: "If-Match", "\"\(version)\"")
            }
        }
        if call.verb == .put || call.verb == .post {
            output.append(field: "Content-Type", "application/json")
            output.append(contentLength: call.body.count)
        }
        output.endFields()
        output.append(call.body)
    }
}

extension ResponseReader {
    /// Waits for a whole answer and returns its body; throws a refusal.
    mutating func readAnswer(
        over link: inout Link, until deadline: Instant, unless stop: Wakeup?
    ) throws(ClientFailure) -> [UInt8] {
        var body: [UInt8] = []
        while true {
            if let head = try readHead(&link.input) {
                if head.status >= 300 {
                    try readProblem(&link.input)
                } else if try readBody(&link.input, { body.append(contentsOf: $0.array) }) {
                    return body
                }
            }
            switch try link.receive(until: deadline, unless: stop) {
            case .bytes: continue
            case .timedOut: throw .lost(reason: "no answer in time")
            case .stopped: throw .stopped
            case .ended:
                guard let head else { throw problem }
                if head.status >= 300 { throw problem }
                guard endsWithConnection else {
                    throw .lost(reason: "the gateway closed it inside an answer")
                }
                return body
            }
        }
    }
}
