/// Has a gateway drain, and watches how it goes (docs/protocol.md, section 7).
internal import Primitives

package final class DrainOrder {
    package struct Progress: Sendable, Equatable {
        /// `settling`: balancers are given time to notice; `draining`: goodbyes are said.
        package internal(set) var phase = ""
        /// Those that are still open, besides this one.
        package internal(set) var connections: UInt64 = 0
        /// In so many seconds it has ended at the latest; nil: it has not said.
        package internal(set) var seconds: Double?
    }

    private let connection: HTTPConnection
    private var isGiven = false

    package init(at url: GatewayURL) {
        connection = HTTPConnection(to: url)
    }

    /// Orders it, and asks how far it is from the second call on; nil: the gateway has ended. It keeps this connection until all
    /// others are gone.
    package func ask() throws(ClientFailure) -> Progress? {
        let answer: [UInt8]
        do throws(ClientFailure) {
            answer = try connection.send(HTTPCall(.post, "/operations/drain"))
        } catch {
            switch error {
            case .lost where isGiven, .unreachable where isGiven: return nil
            default: throw error
            }
        }
        isGiven = true
        do throws(JSONFailure) {
            return try Progress(json: answer.span)
        } catch {
            throw .violation("how far the drain is, \(error)")
        }
    }
}

extension DrainOrder.Progress {
    init(json: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("phase", in: json) {
                phase = try scanner.optionalText()
            } else if name.equals("connections", in: json) {
                connections = try scanner.wholeNumber()
            } else if name.equals("seconds", in: json) {
                seconds = try scanner.number()
            } else {
                _ = try scanner.value()
            }
        }
    }
}
